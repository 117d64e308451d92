// Bodies that go to the store by a link. What the store itself refuses (altered, replayed and expired
// links, other bytes) is in test/contract/blob-links.ts; here the store is trusted to have done so.
import { beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage } from '../../shared/app/cache/collect-garbage.ts';
import { sha256Schema } from '../../shared/contracts/brands.ts';
import { errorSchema, lookupResponseSchema } from '../../shared/contracts/cache-api.ts';
import { INLINE_BYTES_MAX } from '../../shared/contracts/cache-limits.ts';
import { uploadLinkSchema } from '../../shared/contracts/cache-uploads.ts';
import {
  type CacheFixture,
  ENTRY_BYTES_MAX,
  newSigner,
  openCacheFixture,
  postJson,
  recordingLinks,
  type Signer,
  sha256,
  TOOLCHAIN,
} from './cache-fixture.ts';

const KEY = sha256('key');
const BODY = Buffer.alloc(INLINE_BYTES_MAX + 1, 7);
const OTHER = Buffer.alloc(INLINE_BYTES_MAX + 1, 8);

let cache: CacheFixture;
let main: string;
let links: ReturnType<typeof recordingLinks>;
beforeEach(async () => {
  links = recordingLinks();
  cache = openCacheFixture({ links });
  main = await cache.token();
});

const describeNative = (signer: Signer, key: string, body: Buffer, namespace = 'team') => ({
  keyspace: 'native',
  key,
  digest: sha256(body),
  size: body.length,
  signature: signer.headers({ namespace, key, body })['Mithril-Signature'],
  toolchain: TOOLCHAIN,
  compileSeconds: 12.5,
  factors: { torch: '2.15' },
});
const about = (key = KEY, body = BODY) => describeNative(cache.signer, key, body);
const start = (token: string, upload: object = about()) =>
  cache.request(token, '/v1/uploads', postJson(upload));
const commit = (token: string, upload: object = about()) =>
  cache.request(token, '/v1/uploads/commit', postJson(upload));
/** What the store does with a PUT by a link. */
const arrive = async (body: Buffer, namespace = 'team') => {
  const staged = await cache.context.blobs.stage(namespace, pieces(body));
  await staged.commit();
};
const codeOf = async (response: Response): Promise<unknown> => [
  response.status,
  errorSchema.parse(await response.json()).error.code,
];
const lookup = async (token: string, key = KEY) => {
  const response = await cache.request(token, '/v1/lookup', postJson({ keys: [key] }));
  return lookupResponseSchema.parse(await response.json()).found[sha256Schema.parse(key)]?.digest;
};

describe('an upload', () => {
  it('is a link for these bytes in this namespace, then a row with all that was said', async () => {
    const started = await start(main);
    expect(started.status).toBe(201);
    const { url } = uploadLinkSchema.parse(await started.json());
    const blob = { namespace: 'team', digest: sha256(BODY), bytes: BODY.length };
    expect([url, links.written]).toEqual([links.urlOf(blob), [blob]]);
    await arrive(BODY);
    expect(await lookup(main)).toBe(undefined); // the blob alone is no entry
    expect((await commit(main)).status).toBe(201);
    const read = await cache.request(main, `/v1/entries/${KEY}`);
    const signed = cache.signer.headers({ key: KEY, body: BODY });
    expect(read.status).toBe(302);
    expect(read.headers.get('mithril-signature')).toBe(signed['Mithril-Signature']);
    expect(read.headers.get('mithril-compile-seconds')).toBe('12.5');
    const explained = await cache.request(
      main,
      '/v1/explain',
      postJson({ factors: { torch: '3' } }),
    );
    expect(await explained.json()).toMatchObject({ nearest: { key: KEY } });
    expect(cache.audit.lines.map(({ event, fields }) => [event, fields['result']])).toEqual([
      ['cache-upload', undefined],
      ['cache-put', 'created'],
    ]);
    expect((await cache.context.stats.flush(), await stats())).toMatchObject({ puts: 1 });
  });

  const stats = async () => (await cache.request(main, '/v1/stats')).json();

  it('can be committed twice, and is not asked for again once it is there', async () => {
    await start(main);
    await arrive(BODY);
    expect((await commit(main)).status).toBe(201);
    expect([(await commit(main)).status, (await start(main)).status]).toEqual([200, 200]);
    await cache.context.blobs.remove('team', sha256(BODY));
    expect((await start(main)).status).toBe(201); // a lost blob is mended by the same way
    await arrive(BODY);
    expect((await commit(main)).status).toBe(200);
    expect((await cache.request(main, `/v1/entries/${KEY}`)).status).toBe(302);
  });

  it('carries entries of other programs with what belongs to them', async () => {
    const key = 'a'.repeat(16);
    const size = BODY.length;
    const attributes = { 'x-artifact-duration': '12' };
    const upload = { keyspace: 'turborepo', key, digest: sha256(BODY), size, attributes };
    expect((await start(main, upload)).status).toBe(201);
    await arrive(BODY);
    expect((await commit(main, upload)).status).toBe(201);
    const read = await cache.request(main, `/v8/artifacts/${key}`);
    expect([read.status, read.headers.get('x-artifact-duration')]).toEqual([302, '12']);
    const digest = sha256(OTHER);
    const second = await start(main, { ...upload, digest });
    expect([second.status, await second.json()]).toEqual([200, { kind: 'kept' }]);
  });

  it('is not offered by a host that passes on all bodies itself', async () => {
    const host = openCacheFixture();
    const token = await host.token();
    for (const path of ['/v1/uploads', '/v1/uploads/commit']) {
      expect((await host.request(token, path, postJson(about()))).status).toBe(404);
    }
  });

  it('that nobody commits is swept, and one that is committed stays', async () => {
    for (const body of [BODY, OTHER]) await start(main, about(sha256(body), body));
    for (const body of [BODY, OTHER]) await arrive(body);
    await commit(main, about(sha256(OTHER), OTHER));
    cache.clock.advance(3_600_001);
    const [report] = await collectGarbage(cache.context);
    expect(report).toMatchObject({ entries: 1, blobsRemoved: 1, bytesRemoved: BODY.length });
    expect((await commit(main, about(sha256(BODY), BODY))).status).toBe(404);
    expect((await commit(main, about(sha256(OTHER), OTHER))).status).toBe(200);
  });
});

describe('a commit', () => {
  it('of what was not uploaded, or with another length, digest or namespace, writes nothing', async () => {
    expect(await codeOf(await commit(main))).toEqual([404, 'not_uploaded']);
    await arrive(OTHER);
    await arrive(BODY, 'others');
    expect(await codeOf(await commit(main))).toEqual([404, 'not_uploaded']);
    await arrive(BODY);
    const longer = { ...about(), size: BODY.length + 1 };
    expect(await codeOf(await commit(main, longer))).toEqual([404, 'not_uploaded']);
    expect(await lookup(main)).toBe(undefined);
  });

  it('of another digest than what is there is a conflict, which is counted', async () => {
    await arrive(BODY);
    await arrive(OTHER);
    await commit(main);
    expect(await codeOf(await commit(main, about(KEY, OTHER)))).toEqual([409, 'conflict']);
    expect(await codeOf(await start(main, about(KEY, OTHER)))).toEqual([409, 'conflict']);
    expect(await lookup(main)).toBe(sha256(BODY));
    expect(cache.log.counted('CacheConflicts')).toBe(2);
  });

  it('of what was reported as broken does not bring it back', async () => {
    await arrive(BODY);
    await commit(main);
    const report = postJson({ digest: sha256(BODY), reason: 'SIGILL' });
    await cache.request(main, `/v1/entries/${KEY}/quarantine`, report);
    for (const ask of [start, commit]) {
      expect(await codeOf(await ask(main))).toEqual([409, 'quarantined']);
    }
  });

  it('by a pull request is its own, and replaces nothing of main', async () => {
    const pull = await cache.token({ scope: 'pr-17' });
    await arrive(BODY);
    await arrive(OTHER);
    expect((await commit(pull)).status).toBe(201);
    expect([await lookup(main), await lookup(pull)]).toEqual([undefined, sha256(BODY)]);
    expect((await commit(main, about(KEY, OTHER))).status).toBe(201);
    expect(await codeOf(await commit(pull))).toEqual([409, 'conflict']);
    for (const token of [main, pull]) expect(await lookup(token)).toBe(sha256(OTHER));
  });
});

describe('a link', () => {
  it('is for writers alone', async () => {
    await arrive(BODY);
    const reader = await cache.token({ right: 'read' });
    for (const ask of [start, commit]) {
      expect(await codeOf(await ask(reader))).toEqual([403, 'read_only']);
      expect((await ask('mith_0_0')).status).toBe(401);
    }
    expect([links.written, await lookup(main)]).toEqual([[], undefined]);
  });

  it('needs a signature of a pinned key over this very entry', async () => {
    const signer = newSigner();
    cache = openCacheFixture({ links, publicKeys: [signer.publicKey] });
    const token = await cache.token();
    await arrive(BODY);
    const { signature, ...unsigned } = describeNative(signer, KEY, BODY);
    const wrong = [
      describeNative(newSigner(), KEY, BODY),
      describeNative(signer, KEY, BODY, 'others'),
      { ...unsigned, signature: describeNative(signer, sha256('other key'), BODY).signature },
      { ...unsigned, signature, size: BODY.length - 1 },
      { ...unsigned, signature, digest: sha256(OTHER) },
    ];
    for (const ask of [start, commit]) {
      for (const upload of wrong) {
        expect(await codeOf(await ask(token, upload))).toEqual([400, 'invalid_signature']);
      }
      expect((await ask(token, unsigned)).status).toBe(400);
    }
    expect(links.written).toEqual([]);
    expect((await start(token, { ...unsigned, signature })).status).toBe(201);
  });

  it.each([
    ['a body above the largest', { size: ENTRY_BYTES_MAX + 1 }, 413],
    ['a size below nothing', { size: -1 }, 400],
    ['a key that is a path', { key: `../others/${KEY.slice(10)}` }, 400],
    ['a keyspace that is none', { keyspace: 'others' }, 400],
    ['a digest that is a path', { digest: '../'.repeat(21) }, 400],
    ['a namespace of its own choice', { namespace: 'others' }, 400],
    ['more factors than there may be', { factors: factors(65, 1) }, 400],
    ['larger factors than there may be', { factors: factors(60, 200) }, 400],
  ])('is not given for %s', async (_, change, status) => {
    for (const ask of [start, commit]) {
      expect((await ask(main, { ...about(), ...change })).status).toBe(status);
    }
    expect(links.written).toEqual([]);
  });

  it('of a Bazel blob is for the key that is its digest', async () => {
    const upload = { keyspace: 'bazel-cas', digest: sha256(BODY), size: 1, attributes: {} };
    expect((await start(main, { ...upload, key: KEY })).status).toBe(400);
    expect((await start(main, { ...upload, key: sha256(BODY) })).status).toBe(201);
  });
});

function factors(count: number, length: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`f${at}`, 'x'.repeat(length)]),
  );
}

async function* pieces(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}
