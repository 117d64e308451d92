import { beforeEach, describe, expect, it } from 'vitest';
import { statsResponseSchema } from '../../shared/contracts/cache-api.ts';
import { type CacheFixture, ENTRY_BYTES_MAX, openCacheFixture, sha256 } from './cache-fixture.ts';

const BODY = Buffer.from('what a build made');
const OTHER = Buffer.from('what another build made');
const HEX40 = '77b3b9dabe24ec4131e3113438315197fdad9c18';
const HEX64 = sha256('key');

let cache: CacheFixture;
let token: string;
beforeEach(async () => {
  cache = openCacheFixture();
  token = await cache.token();
});

const put = (path: string, body: Buffer, bearer = token, headers: Record<string, string> = {}) =>
  cache.request(bearer, path, {
    method: 'PUT',
    body,
    headers: { 'Content-Length': String(body.length), ...headers },
  });
const get = async (path: string, bearer: string | null = token): Promise<Buffer | number> => {
  const response = await cache.request(bearer, path);
  return response.status === 200 ? Buffer.from(await response.arrayBuffer()) : response.status;
};

/** A path of each keyspace, and what a second, different body under it becomes. */
const ROUTES = [
  ['ccache, subdirs', `/ccache/${HEX40.slice(0, 2)}/${HEX40.slice(2)}`, 201, 'replaced'],
  ['ccache, flat', `/ccache/${HEX40}`, 201, 'replaced'],
  ['ccache, bazel', `/ccache/ac/${HEX64}`, 201, 'replaced'],
  ['Bazel, actions', `/bazel/ac/${HEX64}`, 201, 'replaced'],
  ['sccache', `/sccache/a/b/c/${HEX64}`, 201, 'replaced'],
  ['sccache, key prefix', `/sccache/linux/gcc/a/b/c/${HEX64}`, 201, 'replaced'],
  ['sccache, check', '/sccache/.sccache_check', 201, 'replaced'],
  ['Gradle', `/gradle/${HEX64.slice(0, 32)}`, 201, 'kept'],
  ['Turborepo', '/v8/artifacts/260576b776ead52a?slug=any', 200, 'kept'],
  ['Nx', '/v1/cache/1016659701128203429', 200, 'refused'],
] as const;

describe.each(ROUTES)('%s', (_, path, created, second) => {
  it('gives back what was put there, also by Basic, HEAD and range', async () => {
    expect(await get(path)).toBe(404);
    expect((await put(path, BODY)).status).toBe(created);
    expect(await get(path)).toEqual(BODY);
    const basic = `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`;
    const byBasic = await cache.app.request(path, { headers: { Authorization: basic } });
    expect(byBasic.status).toBe(200);
    const head = await cache.request(token, path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(BODY.length)]);
    const part = await cache.request(token, path, { headers: { Range: 'bytes=0-3' } });
    expect([part.status, await part.text()]).toEqual([206, 'what']);
  });

  it('counts the GETs that found something and those that did not', async () => {
    for (const method of ['GET', 'HEAD']) await cache.request(token, path, { method });
    await put(path, BODY);
    for (const method of ['GET', 'GET', 'HEAD']) await cache.request(token, path, { method });
    await get(path, 'nobody');
    await cache.context.stats.flush();
    const stats = await cache.request(token, '/v1/stats');
    expect(await stats.json()).toMatchObject({ programHits: 2, programMisses: 1, hits: 0 });
    const counted = ['CacheProgramHits', 'CacheProgramMisses'] as const;
    expect(counted.map((name) => cache.log.counted(name))).toEqual([2, 1]);
  });

  it(`has a second body ${second}`, async () => {
    await put(path, BODY);
    expect((await put(path, BODY)).status).toBe(200);
    const status = (await put(path, OTHER)).status;
    expect(status).toBe({ replaced: created, kept: 200, refused: 409 }[second]);
    expect(await get(path)).toEqual(second === 'replaced' ? OTHER : BODY);
  });

  it('is not read by another namespace, nor without a token, nor written by a read token', async () => {
    await put(path, BODY);
    expect(await get(path, await cache.token({ namespace: 'others' }))).toBe(404);
    expect(await get(path, null)).not.toEqual(BODY);
    const reader = await cache.token({ right: 'read' });
    expect((await put(path, OTHER, reader)).status).toBe(403);
    expect(await get(path, reader)).toEqual(BODY);
  });

  it('lets a pull request read what main wrote, and never write what main reads', async () => {
    const pull = await cache.token({ scope: 'pr-17' });
    expect((await put(path, OTHER, pull)).status).toBe(created);
    expect(await get(path)).toBe(404);
    expect(await get(path, pull)).toEqual(OTHER);
    await put(path, BODY);
    await put(path, OTHER, pull);
    expect(await get(path)).toEqual(BODY);
    expect(await get(path, pull)).toEqual(BODY);
    expect(await get(path, await cache.token({ scope: 'pr-18' }))).toEqual(BODY);
  });

  it('takes neither a body of unknown length nor one that is too large', async () => {
    const endless = await cache.request(token, path, { method: 'PUT', body: BODY });
    expect([411, 403]).toContain(endless.status);
    const large = await put(path, BODY, token, { 'Content-Length': String(ENTRY_BYTES_MAX + 1) });
    expect([413, 403]).toContain(large.status);
    const short = await put(path, BODY, token, { 'Content-Length': String(BODY.length + 1) });
    expect([400, 403]).toContain(short.status);
    expect(await get(path)).toBe(404);
  });
});

describe('keyspaces', () => {
  it('never meet: one key, written by each protocol, stays what each wrote', async () => {
    const paths = [
      `/ccache/ac/${HEX64}`,
      `/bazel/ac/${HEX64}`,
      `/sccache/a/b/c/${HEX64}`,
      `/gradle/${HEX64}`,
      `/v8/artifacts/${HEX64}`,
      `/v1/cache/${HEX64}`,
    ];
    await cache.put(token, HEX64, BODY);
    for (const path of paths) expect([path, await get(path)]).toEqual([path, 404]);
    for (const path of paths) await put(path, Buffer.from(path));
    for (const path of paths) expect(await get(path)).toEqual(Buffer.from(path));
    expect(await get(`/v1/entries/${HEX64}`)).toEqual(BODY);
    expect(await get(`/bazel/cas/${HEX64}`)).toBe(404);
  });

  it.each([
    '/ccache/../v1/entries',
    '/ccache/..%2f..%2fetc',
    '/ccache/ac/short',
    '/bazel/ac/UPPER',
    '/bazel/cas/%2e%2e',
    '/sccache/a/b/c/short',
    '/sccache/a/../../b',
    `/sccache/x.y/a/b/c/${HEX64}`,
    '/gradle/..',
    '/v8/artifacts/..%2fstatus',
    '/v1/cache/..%2fentries',
  ])('%s names nothing', async (path) => {
    expect((await put(path, BODY)).status).toBe(404);
    expect(await get(path)).toBe(404);
  });

  it('refuse a token in the URL', async () => {
    await put('/v1/cache/1', BODY);
    for (const path of [`/ccache/${HEX40}?token=${token}`, `/gradle/${token}`]) {
      expect((await cache.request(null, path)).status).toBe(400);
    }
    expect((await cache.request(null, `/v1/cache/1?token=${token}`)).status).toBe(404);
  });
});

describe('Bazel, blobs', () => {
  it('are kept under their own digest and no other', async () => {
    const digest = sha256(BODY);
    expect((await put(`/bazel/cas/${digest}`, OTHER)).status).toBe(400);
    expect(await get(`/bazel/cas/${digest}`)).toBe(404);
    expect((await put(`/bazel/cas/${digest}`, BODY)).status).toBe(201);
    expect(await get(`/bazel/cas/${digest}`)).toEqual(BODY);
    const empty = Buffer.alloc(0);
    expect((await put(`/bazel/cas/${sha256(empty)}`, empty)).status).toBe(201);
    expect(await get(`/bazel/cas/${sha256(empty)}`)).toEqual(empty);
  });
});

describe('sccache', () => {
  const asked = (method: string, bearer: string) =>
    cache.request(bearer, '/sccache/a/b/', { method }).then(({ status }) => status);

  it('finds no folder and may make each, unless it may not write', async () => {
    const reader = await cache.token({ right: 'read' });
    expect(await asked('PROPFIND', token)).toBe(404);
    expect(await asked('MKCOL', token)).toBe(201);
    expect(await asked('MKCOL', reader)).toBe(403);
  });
});

describe('ccache', () => {
  it('removes what its own scope wrote', async () => {
    const path = `/ccache/${HEX40}`;
    await put(path, BODY);
    const remove = (bearer: string) =>
      cache.request(bearer, path, { method: 'DELETE' }).then(({ status }) => status);
    expect(await remove(await cache.token({ right: 'read' }))).toBe(403);
    expect(await remove(await cache.token({ scope: 'pr-17' }))).toBe(404);
    expect(await get(path)).toEqual(BODY);
    expect(await remove(token)).toBe(204);
    expect(await get(path)).toBe(404);
  });
});

describe('Turborepo', () => {
  const path = '/v8/artifacts/260576b776ead52a';

  it('gets its headers back as it sent them', async () => {
    const own = {
      'x-artifact-tag': 'L7B3BhVo+HbNI5NN6kQRgvVQgKLaf0HTL44S+vbpEY4=',
      'x-artifact-duration': '216',
      'x-artifact-sha': 'f00',
      'x-artifact-dirty-hash': 'e1b61d',
    };
    await put(path, BODY, token, { ...own, 'x-artifact-other': 'no' });
    const { headers } = await cache.request(token, path);
    expect(Object.fromEntries(headers)).toMatchObject(own);
    expect(headers.get('x-artifact-other')).toBe(null);
    const long = await put(path, BODY, token, { 'x-artifact-tag': 'x'.repeat(601) });
    expect(long.status).toBe(400);
  });

  it('asks whether the cache is on, and before each request what it may send', async () => {
    const status = await cache.request(token, '/v8/artifacts/status?slug=team');
    expect(await status.json()).toEqual({ status: 'enabled' });
    const { headers } = await cache.request(token, path, { method: 'OPTIONS' });
    const allowed = headers.get('access-control-allow-headers') ?? '';
    for (const name of ['Authorization', 'x-artifact-tag']) expect(allowed).toContain(name);
  });

  it('reports what it found in the cache, for the sums', async () => {
    const event = (source: string, kind: string) => ({
      sessionId: 'x',
      source,
      event: kind,
      hash: 'y',
      duration: 1_500,
    });
    const events = [event('REMOTE', 'HIT'), event('REMOTE', 'MISS'), event('LOCAL', 'HIT')];
    const sent = await cache.request(token, '/v8/artifacts/events', {
      method: 'POST',
      body: JSON.stringify(events),
    });
    expect(sent.status).toBe(200);
    await cache.context.stats.flush();
    const stats = await cache.request(token, '/v1/stats');
    expect(statsResponseSchema.parse(await stats.json())).toMatchObject({
      hits: 1,
      misses: 1,
      secondsSaved: 1.5,
    });
  });
});

describe('programs that end the build on what they do not expect', () => {
  it.each([
    ['/v1/cache/1', 'GET', 404],
    ['/v1/cache/1', 'PUT', 403],
    [`/sccache/a/b/c/${HEX64}`, 'GET', 404],
    ['/sccache/a/', 'PROPFIND', 404],
    ['/sccache/a/', 'MKCOL', 403],
  ])('%s %s of a stranger is answered %d, and the reason told', async (path, method, status) => {
    const response = await cache.app.request(path, { method });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: 'unauthorized' } });
  });
});
