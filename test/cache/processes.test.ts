import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BuiltCli, buildCli } from '../../cli/testing/built-cli.ts';
import { newSigner, sha256 } from './cache-fixture.ts';
import { killServers, type ServerProcess, startServer } from './server-process.ts';

const MIB = 1024 * 1024;
const signer = newSigner();
let cli: BuiltCli;
let root: string;
let token: string;

beforeAll(async () => {
  cli = await buildCli();
  root = await mkdtemp(join(tmpdir(), 'mithril-processes-'));
  token = (await createToken()).token;
});
afterAll(async () => {
  killServers();
  await cli?.remove();
  await rm(root, { recursive: true, force: true });
});

const tokenSchema = z.object({ token: z.string(), id: z.string() });

async function createToken(): Promise<z.infer<typeof tokenSchema>> {
  const args = ['cache', 'token', 'create', '--dir', root, '--namespace', 'team', '--write'];
  const ended = await cli.run([...args, '--format', 'json']);
  expect(ended.stderr).toMatch(/shown only now/u);
  return tokenSchema.parse(JSON.parse(ended.stdout));
}

const serve = (...args: readonly string[]): Promise<ServerProcess> =>
  startServer(cli, ['serve', '--dir', root, ...args]);

const put = (
  { url }: ServerProcess,
  key: string,
  body: Buffer,
  payload: Buffer | ReadableStream = body,
): Promise<Response> =>
  fetch(`${url}/v1/entries/${key}`, {
    method: 'PUT',
    body: payload,
    headers: { ...signer.headers({ key, body }), Authorization: `Bearer ${token}` },
    duplex: 'half',
  });
const get = ({ url }: ServerProcess, key: string, bearer = token): Promise<Response> =>
  fetch(`${url}/v1/entries/${key}`, { headers: { Authorization: `Bearer ${bearer}` } });

it('keeps no secret, and lists none', async () => {
  const { token: made, id } = await createToken();
  const secret = made.split('_')[2] ?? '';
  const listed = await cli.run(['cache', 'token', 'list', '--dir', root, '--format', 'json']);
  expect(listed.stdout).toContain(id);
  expect(listed.stdout).not.toContain(secret);
  const table = await readFile(join(root, 'table', 'data.mdb'));
  expect(table.includes(id)).toBe(true);
  expect(table.includes(secret)).toBe(false);
});

it('serves one folder by two processes, which see each other and revoked tokens at once', async () => {
  const [one, other] = await Promise.all([serve(), serve()]);
  const key = sha256('shared');
  const body = randomBytes(100_000);
  expect((await put(one, key, body)).status).toBe(201);
  expect((await put(other, key, randomBytes(10))).status).toBe(409);
  expect(Buffer.from(await (await get(other, key)).arrayBuffer()).equals(body)).toBe(true);
  const { token: second, id } = await createToken();
  expect((await get(other, key, second)).status).toBe(200);
  expect((await cli.run(['cache', 'token', 'revoke', id, '--dir', root])).code).toBe(0);
  expect((await get(one, key, second)).status).toBe(401);
  expect((await get(other, key, second)).status).toBe(401);
  expect(await one.end()).toBe(130);
  expect(await other.end('SIGTERM')).toBe(143);
});

it('killed in the middle of a body leaves no entry; the next process takes it', async () => {
  const key = sha256('killed');
  const body = randomBytes(8 * MIB);
  for (let round = 0; round < 3; round += 1) {
    const server = await serve();
    const slow = new ReadableStream({
      pull: async (controller) => {
        controller.enqueue(body.subarray(0, MIB));
        await sleep(20);
      },
    });
    const sent = put(server, key, body, slow).catch(() => null);
    await expect.poll(() => readdir(join(root, 'blobs', 'tmp'))).not.toEqual([]);
    await server.end('SIGKILL');
    expect(await sent).toBeNull();
    const next = await serve();
    expect((await get(next, key)).status).toBe(404);
    await next.end();
    await rm(join(root, 'blobs', 'tmp'), { recursive: true });
  }
  const server = await serve();
  expect((await put(server, key, body)).status).toBe(201);
  expect(Buffer.from(await (await get(server, key)).arrayBuffer()).equals(body)).toBe(true);
  await server.end();
});

it('killed between many entries keeps each one that it had answered, and no half one', async () => {
  for (let round = 0; round < 2; round += 1) {
    const server = await serve();
    const bodies = Array.from({ length: 200 }, () => randomBytes(5_000));
    const answered = new Set<Buffer>();
    const waiting = [...bodies];
    const send = async (): Promise<void> => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
        const response = await put(server, sha256(body), body).catch(() => null);
        if (response?.status === 201) answered.add(body);
      }
    };
    const sending = Promise.all(Array.from({ length: 8 }, send));
    await expect.poll(() => answered.size, { timeout: 30_000 }).toBeGreaterThan(20);
    await server.end('SIGKILL');
    await sending;
    expect(answered.size).toBeLessThan(bodies.length);
    const next = await serve();
    for (const body of bodies) {
      const read = await get(next, sha256(body));
      const bytes = Buffer.from(await read.arrayBuffer());
      const isWhole = read.status === 200 && bytes.equals(body);
      const isUnanswered = read.status === 404 && !answered.has(body);
      expect(isWhole || isUnanswered).toBe(true);
    }
    await next.end();
  }
});

it('holds a piece of each body in memory, not the bodies', async () => {
  const server = await serve();
  const body = Buffer.alloc(64 * MIB, randomBytes(MIB));
  const keys = Array.from({ length: 4 }, (_, index) => sha256(`large ${index}`));
  const put201 = await Promise.all(keys.map(async (key) => (await put(server, key, body)).status));
  expect(put201).toEqual(keys.map(() => 201));
  const sizes = keys.map(async (key) => {
    let bytes = 0;
    for await (const piece of (await get(server, key)).body ?? []) bytes += piece.length;
    return bytes;
  });
  expect(await Promise.all(sizes)).toEqual(keys.map(() => body.length));
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  const peakKib = Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1]);
  expect(peakKib).toBeLessThan(192 * 1024); // four bodies are 256 MiB
  await server.end();
});

it('serves HTTPS with a certificate', async () => {
  const [cert, key] = [join(root, 'cert.pem'), join(root, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', cert, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...subject], { stdio: 'ignore' });
  const server = await serve('--tls-cert', cert, '--tls-key', key);
  expect(server.url).toMatch(/^https:/u);
  const ca = await readFile(cert);
  const status = await new Promise((done, failed) => {
    const request = httpsRequest(`${server.url}/v1/health`, { ca }, (response) =>
      done(response.statusCode),
    );
    request.on('error', failed).end();
  });
  expect(status).toBe(200);
  await server.end();
});

describe('upkeep', () => {
  const run = async (folder: string, ...args: string[]) => {
    const ended = await cli.run(['cache', ...args, '--dir', folder, '--format', 'json']);
    expect([ended.stderr, ended.code]).toEqual([ended.stderr, 0]);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(ended.stdout));
  };
  const bodies = [randomBytes(3 * MIB), Buffer.alloc(2 * MIB, 'text '), Buffer.alloc(0)];
  let home: string;
  let away: string;
  beforeAll(async () => {
    [home, away] = [join(root, 'home'), join(root, 'away')];
    const args = ['cache', 'token', 'create', '--namespace', 'team', '--write', '-q'];
    const made = await cli.run([...args, '--dir', home, '--format', 'json']);
    const own = tokenSchema.parse(JSON.parse(made.stdout)).token;
    const server = await serve('--dir', home);
    for (const [index, body] of bodies.entries()) {
      const factors = { torch: '2.15', model: `m${index}` };
      const coded = Buffer.from(JSON.stringify(factors)).toString('base64url');
      const key = sha256(`entry ${index}`);
      const headers = { ...signer.headers({ key, body }), Authorization: `Bearer ${own}` };
      const response = await fetch(`${server.url}/v1/entries/${key}`, {
        method: 'PUT',
        body,
        headers: { ...headers, 'Mithril-Factors': coded },
      });
      if (response.status !== 201) throw new Error(await response.text());
    }
    await server.end();
  });

  it('moves a namespace to another machine by a file, and again without harm', async () => {
    const file = join(root, 'team.mithcache');
    expect(await run(home, 'export', '--namespace', 'team', '-o', file)).toMatchObject({
      entries: 3,
      bytes: 5 * MIB,
    });
    expect(await run(away, 'import', file)).toMatchObject({ entries: 3, present: 0 });
    expect(await run(away, 'import', file)).toMatchObject({ entries: 0, present: 3 });
    const server = await serve('--dir', away);
    const args = ['token', 'create', '--namespace', 'team', '--read'];
    const { token: reader } = tokenSchema.parse(await run(away, ...args));
    for (const [index, body] of bodies.entries()) {
      const key = sha256(`entry ${index}`);
      const read = await get(server, key, reader);
      const wrote = signer.headers({ key, body })['Mithril-Signature'];
      expect(read.headers.get('mithril-signature')).toBe(wrote);
      expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    }
    await server.end();
  });

  it('imports nothing that is damaged, and says so', async () => {
    const file = join(root, 'damaged.mithcache');
    await run(home, 'export', '--namespace', 'team', '-o', file);
    const bytes = await readFile(file);
    bytes[MIB] = (bytes[MIB] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const flipped = await cli.run(['cache', 'import', file, '--dir', join(root, 'third')]);
    expect([flipped.code, flipped.stderr]).toEqual([3, expect.stringMatching(/damaged/u)]);
    await writeFile(file, bytes.subarray(0, 2 * MIB));
    const cut = await cli.run(['cache', 'import', file, '--dir', join(root, 'fourth')]);
    expect([cut.code, cut.stderr]).toEqual([3, expect.stringMatching(/ends too early/u)]);
  });

  it('counts, explains and cleans up', async () => {
    const { namespaces } = await run(home, 'stats');
    expect(namespaces).toMatchObject([{ namespace: 'team', puts: 3, bytesStored: 5 * MIB }]);
    const key = sha256('entry 1');
    expect(await run(home, 'explain', key, '--namespace', 'team')).toMatchObject({
      nearest: { same: 1, differing: [{ name: 'model', yours: 'm1' }] },
    });
    const gone = await cli.run(['cache', 'explain', 'x', '--namespace', 'team', '--dir', home]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('explain last')]);
    const config = join(root, 'mithril.toml');
    await writeFile(config, '[cache.namespaces.team]\nttl_days = 0\n');
    expect(await run(home, 'gc', '--config', config)).toMatchObject({
      namespaces: [{ namespace: 'team', expired: 3, entries: 0 }],
    });
  });
});

it('says what to do where a command line cannot work', async () => {
  const run = async (...args: string[]) => cli.run(['cache', ...args, '--dir', root]);
  const open = await run('serve', '--host', '0.0.0.0');
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('--tls-cert')]);
  const none = await run('token', 'create', '--namespace', 'team');
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('--read or --write')]);
  const name = await run('token', 'create', '--namespace', '../etc', '--write');
  expect([name.code, name.stderr]).toEqual([2, expect.stringContaining('--namespace')]);
  const absent = await run('token', 'revoke', '0123456789abcdef');
  expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining('token list')]);
});
