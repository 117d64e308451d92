import { beforeEach, describe, expect, it } from 'vitest';
import { sha256Schema } from '../../shared/contracts/brands.ts';
import { INLINE_BYTES_MAX } from '../../shared/contracts/cache-limits.ts';
import { type EntryRow, entryPartition } from '../../shared/contracts/cache-rows.ts';
import { type CacheFixture, openCacheFixture, recordingLinks, sha256 } from './cache-fixture.ts';

const KEY = sha256('key');
const SMALL = Buffer.alloc(INLINE_BYTES_MAX, 7);
const LARGE = Buffer.alloc(INLINE_BYTES_MAX + 1, 7);
const LINK = recordingLinks().urlOf({
  namespace: 'team',
  digest: sha256(LARGE),
  bytes: LARGE.length,
});
/** A host that passes on 4 MiB itself and gives links to what is larger. */
const openHost = (): CacheFixture => openCacheFixture({ links: recordingLinks() });

/** docs/cache/clients.md: what each program does with 302. */
const CLIENTS = [
  ['ccache', `/ccache/ac/${KEY}`, 404],
  ['bazel-ac', `/bazel/ac/${KEY}`, 404],
  ['bazel-cas', '/bazel/cas/DIGEST', 404],
  ['sccache', `/sccache/a/b/c/${KEY}`, 302],
  ['gradle', `/gradle/${KEY}`, 404],
  ['turborepo', `/v8/artifacts/${KEY}`, 302],
  ['nx', '/v1/cache/1', 302],
] as const;

describe.each(CLIENTS)('%s, on a host with links', (keyspace, route, status) => {
  let cache: CacheFixture;
  let token: string;
  beforeEach(async () => {
    cache = openHost();
    token = await cache.token();
  });
  const pathOf = (body: Buffer): string => route.replace('DIGEST', sha256(body));
  const put = (body: Buffer): Promise<Response> =>
    cache.request(token, pathOf(body), {
      method: 'PUT',
      body,
      headers: { 'Content-Length': String(body.length) },
    });
  const get = (bearer: string | null): Promise<Response> => cache.request(bearer, pathOf(LARGE));
  /** As it comes there by a link: not through the host. */
  const plant = async (attributes: Record<string, string> = {}): Promise<void> => {
    const staged = await cache.context.blobs.stage('team', pieces(LARGE));
    await staged.commit();
    const row: EntryRow = {
      state: 'live',
      digest: sha256Schema.parse(staged.digest),
      bytes: LARGE.length,
      createdMs: 0,
      usedMs: 0,
      tokenId: '',
      refused: [],
      signature: null,
      toolchain: null,
      compileSeconds: 0,
      attributes,
    };
    const pk = entryPartition({ namespace: 'team', scope: 'main' }, keyspace);
    const sk = pathOf(LARGE).split('/').at(-1) ?? '';
    await cache.context.table.write({ key: { pk, sk }, body: { ...row }, expect: 'absent' });
  };

  it('takes and gives up to 4 MiB itself, and refuses a larger body', async () => {
    expect([200, 201]).toContain((await put(SMALL)).status);
    const read = await cache.request(token, pathOf(SMALL));
    expect(Buffer.from(await read.arrayBuffer()).equals(SMALL)).toBe(true);
    expect([413, 403]).toContain((await put(LARGE)).status);
  });

  it(`answers ${status} to who asks for a larger one`, async () => {
    await plant();
    const read = await get(token);
    expect(read.status).toBe(status);
    const location = status === 302 ? LINK : null;
    expect(read.headers.get('location')).toBe(location);
    const strangers = [null, await cache.token({ namespace: 'others' })];
    for (const stranger of strangers) {
      expect((await get(stranger)).headers.get('location')).toBe(null);
    }
  });

  it('does not lead Turborepo to a body without the signature that it needs', async () => {
    await plant({ 'x-artifact-tag': 'signature' });
    expect((await get(token)).status).toBe(keyspace === 'turborepo' ? 404 : status);
  });

  it('never links to a blob that is gone', async () => {
    await plant();
    await cache.context.blobs.remove('team', sha256(LARGE));
    expect((await get(token)).status).toBe(404);
  });
});

async function* pieces(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}
