// The compile cache of the deployed template: function URL, DynamoDB and S3 of the local stack.
import { createHash, randomBytes } from 'node:crypto';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createDynamoDbClient } from '../../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import { clientConfig, deployAssembly } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { createS3Client } from '../../shared/adapters/s3/create-s3-client.ts';
import { createS3BlobStore } from '../../shared/adapters/s3/s3-blob-store.ts';
import { createToken } from '../../shared/app/cache/tokens.ts';
import { sha256Schema } from '../../shared/contracts/brands.ts';
import { whoamiSchema } from '../../shared/contracts/cache-api.ts';
import { CACHE_BLOBS_PREFIX, INLINE_BYTES_MAX } from '../../shared/contracts/cache-limits.ts';
import { type EntryRow, entryPartition } from '../../shared/contracts/cache-rows.ts';
import { stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { prepareCheckpointStack } from './fixtures/checkpoint-stack.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';

const sweepSchema = z.object({
  reports: z.array(z.object({ namespace: z.string(), expired: z.number(), evicted: z.number() })),
});
const CASE_MS = 120_000;
const HEX64 = createHash('sha256').update('key').digest('hex');

await describeOnLocalStack('the compile cache on the local stack', (stack) => {
  let url: string;
  let makeToken: (right: 'read' | 'write', scope?: string) => Promise<string>;
  let write: string;
  let plantNxEntry: (body: Buffer) => Promise<void>;
  beforeAll(async () => {
    const cdkOut = prepareCheckpointStack(stack.folder(), { cache: { concurrency: 4 } });
    const parameters = { Workers: '2' };
    const endpoint = stack.endpoint();
    const deployed = await deployAssembly({ endpoint, cdkOut, stackName: 'Mithril', parameters });
    const { CacheUrl = '', CacheTable = '' } = stackOutputsSchema.parse(deployed.outputs);
    // The same function under a path: the host name of the output is AWS's.
    const id = new URL(CacheUrl).hostname.split('.')[0] ?? '';
    url = `${endpoint}/_aws/lambda-url/${id}`;
    const s3 = createS3Client(clientConfig(endpoint));
    const table = createDynamoDbEntryTable(createDynamoDbClient(clientConfig(endpoint)), {
      tableName: CacheTable,
    });
    makeToken = async (right, scope = 'main') => {
      const about = { namespace: 'team', scope, right, rate: 1_000, note: '' };
      const made = { ...about, ttlMs: 3_600_000, nowMs: Date.now(), randomBytes };
      return (await createToken(table, made)).token;
    };
    write = await makeToken('write');
    plantNxEntry = async (body) => {
      const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
      const bucket = Buckets.find(({ Name = '' }) => /cacheblobs/u.test(Name))?.Name ?? '';
      const place = { bucket, prefix: CACHE_BLOBS_PREFIX, bodyBytesMax: body.length };
      const staged = await createS3BlobStore(s3, place).stage('team', pieces(body));
      await staged.commit();
      const pk = entryPartition({ namespace: 'team', scope: 'main' }, 'nx');
      const nowMs = Date.now();
      const row: EntryRow = {
        state: 'live',
        digest: sha256Schema.parse(staged.digest),
        bytes: body.length,
        createdMs: nowMs,
        usedMs: nowMs,
        tokenId: '',
        refused: [],
        signature: null,
        toolchain: null,
        compileSeconds: 0,
        attributes: {},
      };
      await table.write({ key: { pk, sk: 'planted' }, body: { ...row }, expect: 'absent' });
    };
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

  test('a larger blob is given by a link that works', { timeout: CASE_MS }, async () => {
    const body = randomBytes(INLINE_BYTES_MAX + 1);
    await plantNxEntry(body);
    const moved = await ask(write, '/v1/cache/planted');
    expect(moved.status).toBe(302);
    const link = moved.headers.get('location') ?? '';
    const read = await fetch(link);
    expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    expect((await fetch(link.replace(/Signature=../u, 'Signature=00'))).status).toBe(403);
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

async function* pieces(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}
