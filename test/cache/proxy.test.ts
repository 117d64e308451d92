import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BuiltCli, buildCli } from '../../cli/testing/built-cli.ts';
import { lookupResponseSchema } from '../../shared/contracts/cache-api.ts';
import { newSigner, postJson, sha256 } from './cache-fixture.ts';
import { killServers, type ServerProcess, startServer } from './server-process.ts';

const MIB = 1024 * 1024;
const POLL = { timeout: 20_000, interval: 50 };
const signer = newSigner();
let cli: BuiltCli;
let root: string;
let token: string;
let endpoint: ServerProcess;

beforeAll(async () => {
  cli = await buildCli();
  root = await mkdtemp(join(tmpdir(), 'mithril-proxy-'));
  const args = ['cache', 'token', 'create', '--namespace', 'team', '--write', '--format', 'json'];
  const made = await cli.run([...args, '--dir', join(root, 'endpoint')]);
  token = z.object({ token: z.string() }).parse(JSON.parse(made.stdout)).token;
  endpoint = await startServer(cli, ['serve', '--dir', join(root, 'endpoint')]);
});
afterAll(async () => {
  killServers();
  await cli?.remove();
  await rm(root, { recursive: true, force: true });
});

const startProxy = (name: string, upstream = endpoint.url): Promise<ServerProcess> =>
  startServer(cli, ['proxy', '--dir', join(root, name), '--upstream', upstream, '--wait', '1'], {
    MITHRIL_CACHE_TOKEN: token,
  });

function send(server: { readonly url: string }, path: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${token}`);
  return fetch(`${server.url}${path}`, { ...init, headers });
}
const put = async (server: ServerProcess, key: string, body: Buffer): Promise<number> => {
  const headers = signer.headers({ key, body });
  return (await send(server, `/v1/entries/${key}`, { method: 'PUT', body, headers })).status;
};
async function read(server: ServerProcess, path: string): Promise<Buffer | number> {
  const response = await send(server, path);
  const bytes = Buffer.from(await response.arrayBuffer());
  return response.status === 200 ? bytes : response.status;
}
const same = (found: Buffer | number, body: Buffer): boolean =>
  Buffer.isBuffer(found) && found.equals(body);

describe('a proxy', () => {
  it('writes through: what it takes the endpoint has, of any size and signed as it was', async () => {
    const proxy = await startProxy('through');
    for (const body of [randomBytes(100), randomBytes(20 * MIB)]) {
      const key = sha256(body);
      expect(await put(proxy, key, body)).toBe(201);
      const response = await send(endpoint, `/v1/entries/${key}`);
      const wrote = signer.headers({ key, body })['Mithril-Signature'];
      expect(response.headers.get('mithril-signature')).toBe(wrote);
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    }
    expect(await proxy.end()).toBe(130);
  });

  it('carries the entries of other programs, with what belongs to them', async () => {
    const proxy = await startProxy('others');
    const other = await startProxy('others too');
    const body = randomBytes(20 * MIB);
    const path = `/v8/artifacts/${'a'.repeat(16)}`;
    const headers = { 'x-artifact-tag': 'signed', 'x-artifact-duration': '12' };
    const written = await send(proxy, path, { method: 'PUT', body, headers });
    expect(written.ok).toBe(true);
    const response = await send(other, path);
    expect(response.headers.get('x-artifact-tag')).toBe('signed');
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    const cas = sha256(body);
    expect((await send(proxy, `/bazel/cas/${cas}`, { method: 'PUT', body })).ok).toBe(true);
    expect(same(await read(other, `/bazel/cas/${cas}`), body)).toBe(true);
    await Promise.all([proxy.end(), other.end()]);
  });

  it('reads through, finds many at once, follows profiles, shares leases and quarantine', async () => {
    const [proxy, other] = await Promise.all([startProxy('reads'), startProxy('reads too')]);
    const [first, second] = [randomBytes(3_000), randomBytes(2 * MIB)];
    const key = sha256(first);
    await put(endpoint, key, first);
    expect(same(await read(proxy, `/v1/entries/${key}`), first)).toBe(true);
    await put(endpoint, sha256(second), second);
    const keys = [key, sha256(second), sha256('absent')];
    const answer = await send(proxy, '/v1/lookup', postJson({ keys }));
    const { found } = lookupResponseSchema.parse(await answer.json());
    expect(Object.keys(found).toSorted()).toEqual(keys.slice(0, 2).toSorted());
    const profile = `/v1/profiles/${sha256('profile')}`;
    const point = (body: Buffer) =>
      send(other, profile, {
        method: 'PUT',
        body: JSON.stringify({ key: sha256(body), digest: sha256(body) }),
      });
    for (const body of [first, second, first]) {
      expect((await point(body)).status).toBe(204);
      expect(same(await read(proxy, profile), body)).toBe(true);
    }
    const lease = (holder: string) => postJson({ seconds: 60, holder: holder.repeat(16) });
    expect((await send(proxy, `/v1/leases/${key}`, lease('a'))).status).toBe(201);
    expect((await send(other, `/v1/leases/${key}`, lease('b'))).status).toBe(409);
    const report = postJson({ digest: sha256(second), reason: 'SIGILL' });
    const path = `/v1/entries/${sha256(second)}`;
    expect((await send(other, `${path}/quarantine`, report)).status).toBe(204);
    for (const server of [endpoint, other]) expect(await read(server, path)).toBe(404);
    await Promise.all([proxy.end(), other.end()]);
  });

  it('serves what it has while the endpoint is down, also when it is started then', async () => {
    const away = await startServer(cli, ['serve', '--dir', join(root, 'endpoint')]);
    const proxy = await startProxy('alone', away.url);
    const body = randomBytes(5_000);
    await put(proxy, sha256(body), body);
    await away.end('SIGKILL');
    expect(same(await read(proxy, `/v1/entries/${sha256(body)}`), body)).toBe(true);
    expect(await read(proxy, `/v1/entries/${sha256('absent')}`)).toBe(404);
    const local = randomBytes(5_000);
    expect(await put(proxy, sha256(local), local)).toBe(201);
    expect(same(await read(proxy, `/v1/entries/${sha256(local)}`), local)).toBe(true);
    await proxy.end();
    const again = await startProxy('alone', away.url);
    expect(same(await read(again, `/v1/entries/${sha256(local)}`), local)).toBe(true);
    await again.end();
  });

  it('delivers later what the endpoint could not take, also after it was killed', async () => {
    const away = await startServer(cli, ['serve', '--dir', join(root, 'endpoint')]);
    const proxy = await startProxy('later', away.url);
    await away.end('SIGKILL');
    const bodies = [randomBytes(5_000), randomBytes(6 * MIB)];
    for (const body of bodies) expect(await put(proxy, sha256(body), body)).toBe(201);
    await proxy.end('SIGKILL');
    const again = await startProxy('later');
    for (const body of bodies) {
      const path = `/v1/entries/${sha256(body)}`;
      await expect.poll(async () => same(await read(endpoint, path), body), POLL).toBe(true);
      const signature = signer.headers({ key: sha256(body), body })['Mithril-Signature'];
      const response = await send(endpoint, path);
      expect(response.headers.get('mithril-signature')).toBe(signature);
    }
    await again.end();
  });

  it('refuses to start without a token that the endpoint knows', async () => {
    const args = ['cache', 'proxy', '--dir', join(root, 'none'), '--upstream', endpoint.url];
    const without = await cli.run(args);
    expect([without.code, without.stderr]).toEqual([
      2,
      expect.stringContaining('MITHRIL_CACHE_TOKEN'),
    ]);
    const wrong = `mith_${'0'.repeat(16)}_${'0'.repeat(64)}`;
    const refused = await cli.run(args, { env: { MITHRIL_CACHE_TOKEN: wrong } });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('refuses')]);
  });
});

describe('an endpoint that is not to be trusted with it', () => {
  const servers = new Set<Server>();
  afterAll(() => {
    for (const server of servers) server.close();
  });
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  async function pretend(answer: Answer): Promise<string> {
    const server = createServer(answer);
    servers.add(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }
  const identity = JSON.stringify({
    namespace: 'team',
    scope: 'main',
    trusted: true,
    right: 'write',
    tokenId: '0'.repeat(16),
    expires: '2099-01-01T00:00:00.000Z',
    entryBytesMax: 1e9,
    inlineBytesMax: 1e9,
    signatureRequired: true,
  });
  const withIdentity =
    (answer: Answer): Answer =>
    (request, response) => {
      if (request.url === '/v1/whoami') response.end(identity);
      else answer(request, response);
    };

  it.each([
    ['other bytes', (body: Buffer) => Buffer.concat([Buffer.from('x'), body.subarray(1)])],
    ['too few bytes', (body: Buffer) => body.subarray(1)],
  ])('is not believed when it sends %s', async (name, change) => {
    const body = randomBytes(50_000);
    const url = await pretend(
      withIdentity((_, response) => {
        const headers = { ETag: `"${sha256(body)}"`, 'Content-Length': body.length };
        response.writeHead(200, headers);
        response.write(change(body));
        setTimeout(() => response.destroy(), 100);
      }),
    );
    const proxy = await startProxy(`lied to with ${name}`, url);
    expect(await read(proxy, `/v1/entries/${sha256('key')}`)).toBe(404);
    await proxy.end();
  });

  it('is waited for only so long', async () => {
    const url = await pretend(withIdentity(() => undefined));
    const proxy = await startProxy('kept waiting', url);
    const body = randomBytes(100);
    expect(await read(proxy, `/v1/entries/${sha256(body)}`)).toBe(404);
    expect(await put(proxy, sha256(body), body)).toBe(201);
    expect(same(await read(proxy, `/v1/entries/${sha256(body)}`), body)).toBe(true);
    await proxy.end();
  });

  it('gets no token sent to where it points', async () => {
    const body = randomBytes(5_000);
    const seen: (string | undefined)[] = [];
    const elsewhere = await pretend((request, response) => {
      seen.push(request.headers.authorization);
      response.end(body);
    });
    const url = await pretend(
      withIdentity((_, response) => {
        response.writeHead(302, {
          Location: `${elsewhere}/blob`,
          ETag: `"${sha256(body)}"`,
          'Content-Length': body.length,
        });
        response.end();
      }),
    );
    const proxy = await startProxy('sent elsewhere', url);
    expect(same(await read(proxy, `/v1/entries/${sha256(body)}`), body)).toBe(true);
    expect(seen).toEqual([undefined]);
    await proxy.end();
  });
});
