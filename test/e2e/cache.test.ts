// The compile cache of the deployed template: function URL, DynamoDB and S3 of the local stack.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { buildCli } from '../../cli/testing/built-cli.ts';
import { PYTHON } from '../../scripts/setup/python-package.mjs';
import { clientConfig } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { whoamiSchema } from '../../shared/contracts/cache-api.ts';
import { INLINE_BYTES_MAX } from '../../shared/contracts/cache-limits.ts';
import { uploadLinkSchema } from '../../shared/contracts/cache-uploads.ts';
import { type CacheOnStack, deployCache } from './fixtures/cache-stack.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';

const createdSchema = z.object({ token: z.string(), id: z.string() });
const sweepSchema = z.object({
  reports: z.array(z.object({ namespace: z.string(), expired: z.number(), evicted: z.number() })),
});
const CASE_MS = 120_000;
const HEX64 = createHash('sha256').update('key').digest('hex');

await describeOnLocalStack('the compile cache on the local stack', (stack) => {
  let host: CacheOnStack;
  let url: string;
  let makeToken: CacheOnStack['makeToken'];
  let write: string;
  beforeAll(async () => {
    host = await deployCache(stack);
    ({ url, makeToken } = host);
    write = await makeToken('write');
  }, CASE_MS);

  const ask = (token: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('Authorization', `Bearer ${token}`);
    return fetch(`${url}${path}`, { redirect: 'manual', ...init, headers });
  };
  const put = (token: string, path: string, body: Buffer): Promise<Response> =>
    ask(token, path, {
      method: 'PUT',
      body,
      headers: { 'Content-Type': 'application/octet-stream' },
    });

  test('it says who asks, and lets nobody else in', { timeout: CASE_MS }, async () => {
    const whoami = whoamiSchema.parse(await (await ask(write, '/v1/whoami')).json());
    expect(whoami).toMatchObject({ namespace: 'team', inlineBytesMax: INLINE_BYTES_MAX });
    expect((await fetch(`${url}/v1/whoami`)).status).toBe(401);
    expect((await fetch(`${url}/v1/health`)).status).toBe(200);
  });

  test.each([
    ['ccache', `/ccache/ac/${HEX64}`],
    ['Bazel', `/bazel/ac/${HEX64}`],
    ['sccache', `/sccache/a/b/c/${HEX64}`],
    ['Gradle', `/gradle/${HEX64}`],
    ['Turborepo', `/v8/artifacts/${HEX64}?slug=x`],
    ['Nx', `/v1/cache/${HEX64}`],
  ])('%s gets back the bytes that it put', { timeout: CASE_MS }, async (_, path) => {
    const body = randomBytes(70_000);
    expect((await ask(write, path)).status).toBe(404);
    expect([200, 201]).toContain((await put(write, path, body)).status);
    const read = await ask(await makeToken('read'), path);
    expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    expect((await put(await makeToken('read'), path, body)).status).toBe(403);
  });

  test('4 MiB pass through the function', { timeout: CASE_MS }, async () => {
    const body = randomBytes(INLINE_BYTES_MAX);
    const path = `/gradle/${HEX64.slice(0, 32)}`;
    expect((await put(write, path, body)).status).toBe(201);
    const read = await ask(write, path);
    expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    expect((await put(write, path, Buffer.concat([body, body]))).status).toBe(413);
  });

  const upload = (token: string, path: string, about: object): Promise<Response> =>
    ask(token, path, { method: 'POST', body: JSON.stringify(about) });

  test('a larger body goes to S3 and comes from there by links', { timeout: CASE_MS }, async () => {
    const body = randomBytes(INLINE_BYTES_MAX + 1);
    const digest = createHash('sha256').update(body).digest('hex');
    const about = { keyspace: 'nx', key: 'large', digest, size: body.length, attributes: {} };
    expect((await upload(write, '/v1/uploads/commit', about)).status).toBe(404);
    const started = await upload(write, '/v1/uploads', about);
    const { url: link, headers } = uploadLinkSchema.parse(await started.json());
    const send = (bytes: Buffer, to = link) =>
      fetch(to, { method: 'PUT', body: bytes, headers }).then(({ status }) => status);
    expect(await send(randomBytes(body.length))).toBe(400);
    expect(await send(body, link.replace('/team/', '/others/'))).toBe(403);
    expect((await upload(write, '/v1/uploads/commit', about)).status).toBe(404);
    expect(await send(body)).toBe(200);
    const reader = await makeToken('read');
    expect((await upload(reader, '/v1/uploads/commit', about)).status).toBe(403);
    const commits = [0, 1].map(() => upload(write, '/v1/uploads/commit', about));
    const statuses = (await Promise.all(commits)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 201]);
    const moved = await ask(reader, '/v1/cache/large');
    expect(moved.status).toBe(302);
    const at = moved.headers.get('location') ?? '';
    const read = await fetch(at);
    expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    expect((await fetch(at.replace(/Signature=../u, 'Signature=00'))).status).toBe(403);
  });

  test('the Python client stores and loads 20 MB', { timeout: CASE_MS }, async () => {
    const script = join(import.meta.dirname, 'fixtures', 'large_entry.py');
    const { stdout } = await promisify(execFile)(PYTHON, [script, url, write]);
    expect(JSON.parse(stdout)).toEqual({ put: 'stored', again: 'present', isSame: true });
  });

  test('tokens are made and taken back by the command line', { timeout: CASE_MS }, async () => {
    const cli = await buildCli();
    try {
      const { endpoint, region, credentials } = clientConfig(stack.endpoint());
      const env = {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      };
      const run = (...args: readonly string[]) =>
        cli.run(['cache', 'token', ...args, '--table', host.table], { env });
      const made = await run('create', '--namespace', 'team', '--write', '--format', 'json');
      const { token, id } = createdSchema.parse(JSON.parse(made.stdout));
      expect((await ask(token, '/v1/whoami')).status).toBe(200);
      expect((await run('list')).stdout).toContain(`${id}  team/main  write  valid`);
      expect((await run('revoke', id)).code).toBe(0);
      expect((await ask(token, '/v1/whoami')).status).toBe(401);
    } finally {
      await cli.remove();
    }
  });

  test('the sweep runs and leaves what is young', { timeout: CASE_MS }, async () => {
    const lambda = new LambdaClient(clientConfig(stack.endpoint()));
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    const sweep = Functions.find(({ Handler }) => Handler === 'cache-sweep/index.handler');
    const invoke = new InvokeCommand({ FunctionName: sweep?.FunctionName ?? '' });
    const { Payload, FunctionError } = await lambda.send(invoke);
    expect(FunctionError).toBe(undefined);
    const answer = sweepSchema.parse(JSON.parse(Buffer.from(Payload ?? []).toString('utf8')));
    expect(answer.reports).toMatchObject([{ namespace: 'team', expired: 0, evicted: 0 }]);
    expect((await ask(write, `/v1/cache/${HEX64}`)).status).toBe(200);
  });

  test('what a pull request writes is not what main reads', { timeout: CASE_MS }, async () => {
    const pull = await makeToken('write', 'pr-17');
    const path = '/v1/cache/of-a-pull-request';
    expect((await put(pull, path, Buffer.from('poison'))).status).toBe(200);
    expect((await ask(write, path)).status).toBe(404);
    expect(await (await ask(pull, path)).text()).toBe('poison');
  });
});
