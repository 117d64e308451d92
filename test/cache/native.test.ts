import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createdSchema,
  errorSchema,
  explainResponseSchema,
  healthSchema,
  leasedSchema,
  leaseResponseSchema,
  lookupResponseSchema,
  presentSchema,
  statsResponseSchema,
  whoamiSchema,
} from '../../shared/contracts/cache-api.ts';
import {
  type CacheFixture,
  openCacheFixture,
  postJson,
  sha256,
  TOOLCHAIN,
} from './cache-fixture.ts';

const KEY = sha256('key');
const BODY = Buffer.from('an artefact');
const path = `/v1/entries/${KEY}`;

let cache: CacheFixture;
let token: string;
beforeEach(async () => {
  cache = openCacheFixture();
  token = await cache.token();
});

const errorCode = async (response: Response): Promise<string> =>
  errorSchema.parse(await response.json()).error.code;
const withFactors = (factors: unknown) => ({
  'Mithril-Factors': Buffer.from(JSON.stringify(factors)).toString('base64url'),
});

describe('an entry', () => {
  it('is created, then present, and comes back with what its writer said', async () => {
    const created = await cache.put(token, KEY, BODY);
    expect(created.status).toBe(201);
    createdSchema.parse(await created.json());
    const again = await cache.put(token, KEY, BODY);
    expect(again.status).toBe(200);
    presentSchema.parse(await again.json());
    const read = await cache.request(token, path);
    expect(read.status).toBe(200);
    expect(Buffer.from(await read.arrayBuffer()).equals(BODY)).toBe(true);
    const wrote = cache.signer.headers({ key: KEY, body: BODY });
    expect(Object.fromEntries(read.headers)).toMatchObject({
      etag: `"${sha256(BODY)}"`,
      'content-length': String(BODY.length),
      'mithril-signature': wrote['Mithril-Signature'],
      'mithril-toolchain': TOOLCHAIN,
      'mithril-compile-seconds': '12.5',
      'mithril-created': '2026-11-25T00:00:00.000Z',
    });
  });

  it('is described by HEAD, and not sent again to who has it', async () => {
    await cache.put(token, KEY, BODY);
    const head = await cache.request(token, path, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(BODY.length));
    expect(await head.text()).toBe('');
    for (const etag of [`"${sha256(BODY)}"`, `"x", W/"${sha256(BODY)}"`, '*']) {
      const same = await cache.request(token, path, { headers: { 'If-None-Match': etag } });
      expect(same.status).toBe(304);
    }
  });

  it.each([
    ['bytes=3-5', 206, BODY.subarray(3, 6)],
    ['bytes=-4', 206, BODY.subarray(-4)],
    ['bytes=8-999', 206, BODY.subarray(8)],
    ['bytes=5-3', 200, BODY],
    ['bytes=0-1,3-4', 200, BODY],
    ['lines=0-1', 200, BODY],
  ])('answers the range %s with %i', async (range, status, expected) => {
    await cache.put(token, KEY, BODY);
    const read = await cache.request(token, path, { headers: { Range: range } });
    expect(read.status).toBe(status);
    expect(Buffer.from(await read.arrayBuffer()).equals(expected)).toBe(true);
  });

  it('refuses a range beyond its end', async () => {
    await cache.put(token, KEY, BODY);
    for (const range of ['bytes=11-', 'bytes=-0']) {
      const read = await cache.request(token, path, { headers: { Range: range } });
      expect(read.status).toBe(416);
      expect(read.headers.get('content-range')).toBe(`bytes */${BODY.length}`);
    }
  });

  it('is never replaced: another digest is a conflict that is counted', async () => {
    await cache.put(token, KEY, BODY);
    const other = await cache.put(token, KEY, Buffer.from('something else'));
    expect(other.status).toBe(409);
    expect(await errorCode(other)).toBe('conflict');
    expect(cache.log.counted('CacheConflicts')).toBe(1);
    const read = await cache.request(token, path);
    expect(Buffer.from(await read.arrayBuffer()).equals(BODY)).toBe(true);
  });

  it('has one winner of many writers', async () => {
    const bodies = Array.from({ length: 20 }, () => randomBytes(100));
    const answers = await Promise.all(bodies.map((body) => cache.put(token, KEY, body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
  });

  it('whose blob is lost is a miss, and can be written again', async () => {
    await cache.put(token, KEY, BODY);
    await cache.context.blobs.remove('team', sha256(BODY));
    expect((await cache.request(token, path)).status).toBe(404);
    expect((await cache.put(token, KEY, Buffer.from('compiled again'))).status).toBe(201);
  });

  it.each([
    ['digest', { 'Mithril-Digest': sha256('other') }, 'invalid_digest'],
    ['digest that is none', { 'Mithril-Digest': 'abc' }, 'invalid_header'],
    ['length', { 'Content-Length': '5' }, 'invalid_length'],
    ['signature that is none', { 'Mithril-Signature': 'abc' }, 'invalid_header'],
    ['toolchain', { 'Mithril-Toolchain': 'abc' }, 'invalid_header'],
    ['compile time', { 'Mithril-Compile-Seconds': '-1' }, 'invalid_header'],
    ['factors', withFactors({ a: 1 }), 'invalid_header'],
    ['too many factors', withFactors(Array.from({ length: 65 }, String)), 'invalid_header'],
  ])('is refused with a wrong %s', async (_, headers, code) => {
    const refused = await cache.put(token, KEY, BODY, headers);
    expect(refused.status).toBe(400);
    expect(await errorCode(refused)).toBe(code);
    expect((await cache.request(token, path)).status).toBe(404);
  });
});

it('finds many keys at once', async () => {
  await cache.put(token, KEY, BODY);
  const keys = [KEY, sha256('absent')];
  const { found } = lookupResponseSchema.parse(
    await (await cache.request(token, '/v1/lookup', postJson({ keys }))).json(),
  );
  expect(found).toMatchObject({
    [KEY]: { digest: sha256(BODY), size: BODY.length, toolchain: TOOLCHAIN, compileSeconds: 12.5 },
  });
  expect(Object.keys(found)).toEqual([KEY]);
});

describe('a profile', () => {
  const profile = `/v1/profiles/${sha256('profile')}`;
  const put = (key: string, body: Buffer) =>
    cache.request(token, profile, {
      method: 'PUT',
      body: JSON.stringify({ key, digest: sha256(body) }),
    });

  it('answers with the entry that it was last pointed to', async () => {
    const second = Buffer.from('second');
    await cache.put(token, KEY, BODY);
    await cache.put(token, sha256('second'), second);
    expect((await put(KEY, BODY)).status).toBe(204);
    expect((await put(sha256('second'), second)).status).toBe(204);
    const read = await cache.request(token, profile);
    expect(await read.text()).toBe('second');
    expect(read.headers.get('mithril-key')).toBe(sha256('second'));
    const headers = { 'If-None-Match': read.headers.get('etag') ?? '' };
    expect((await cache.request(token, profile, { headers })).status).toBe(304);
  });

  it('points to nothing that is not there', async () => {
    expect((await cache.request(token, profile)).status).toBe(404);
    expect((await put(KEY, BODY)).status).toBe(404);
    await cache.put(token, KEY, BODY);
    expect((await put(KEY, Buffer.from('other'))).status).toBe(404);
  });
});

describe('a lease', () => {
  const lease = `/v1/leases/${KEY}`;
  const take = (holder: string) => cache.request(token, lease, postJson({ seconds: 60, holder }));
  const ONE = 'a'.repeat(16);
  const OTHER = 'b'.repeat(16);

  it('has one holder until it ends by itself', async () => {
    const granted = await take(ONE);
    expect(granted.status).toBe(201);
    leaseResponseSchema.parse(await granted.json());
    expect((await take(ONE)).status).toBe(201);
    const held = await take(OTHER);
    expect(held.status).toBe(409);
    expect(held.headers.get('retry-after')).toBe('60');
    expect(leasedSchema.parse(await held.json()).retryAfterSeconds).toBe(60);
    cache.clock.advance(60_000);
    expect((await take(OTHER)).status).toBe(201);
  });

  it('is given back by its holder only', async () => {
    await take(ONE);
    const end = (holder: string) =>
      cache.request(token, lease, { method: 'DELETE', body: JSON.stringify({ holder }) });
    expect((await end(OTHER)).status).toBe(204);
    expect((await take(OTHER)).status).toBe(409);
    expect((await end(ONE)).status).toBe(204);
    expect((await take(OTHER)).status).toBe(201);
  });
});

describe('quarantine', () => {
  const report = (digest: string) =>
    cache.request(token, `${path}/quarantine`, postJson({ digest, reason: 'SIGILL' }));

  it('takes the entry out, refuses its bytes, and takes others', async () => {
    await cache.put(token, KEY, BODY);
    expect((await report(sha256(BODY))).status).toBe(204);
    expect((await report(sha256(BODY))).status).toBe(204);
    expect((await cache.request(token, path)).status).toBe(404);
    const again = await cache.put(token, KEY, BODY);
    expect(again.status).toBe(409);
    expect(await errorCode(again)).toBe('quarantined');
    expect((await cache.put(token, KEY, Buffer.from('recompiled'))).status).toBe(201);
    expect((await cache.put(token, KEY, BODY)).status).toBe(409);
    expect(await (await cache.request(token, path)).text()).toBe('recompiled');
  });

  it('needs the digest that is there', async () => {
    expect((await report(sha256(BODY))).status).toBe(404);
    await cache.put(token, KEY, BODY);
    expect((await report(sha256('other'))).status).toBe(404);
    expect((await cache.request(token, path)).status).toBe(200);
  });
});

describe('insight', () => {
  it('says who asks, and needs no token for health', async () => {
    const who = whoamiSchema.parse(await (await cache.request(token, '/v1/whoami')).json());
    expect(who).toMatchObject({ namespace: 'team', scope: 'main', trusted: true, right: 'write' });
    const health = await cache.request(null, '/v1/health');
    expect(healthSchema.parse(await health.json())).toEqual({ status: 'ok', version: 'test' });
  });

  it('adds up what clients report and what the server did', async () => {
    await cache.put(token, KEY, BODY);
    await cache.request(token, path);
    const events = [
      { kind: 'hit', key: KEY, secondsSaved: 67 },
      { kind: 'hit', layer: 'fx' },
      { kind: 'miss' },
      { kind: 'inert' },
      { kind: 'error' },
    ];
    expect((await cache.request(token, '/v1/events', postJson({ events }))).status).toBe(204);
    cache.clock.advance(86_400_000);
    const renewed = await cache.token();
    const read = async (days: number) =>
      statsResponseSchema.parse(
        await (await cache.request(renewed, `/v1/stats?days=${days}`)).json(),
      );
    await read(1); // brings the sums of yesterday to the table, under today's date
    expect(await read(2)).toMatchObject({
      hits: 2,
      misses: 1,
      inert: 1,
      errors: 1,
      secondsSaved: 67,
      hitRate: 2 / 3,
      puts: 1,
      bytesStored: BODY.length,
      bytesServed: BODY.length,
      conflicts: 0,
    });
    const counted = ['CacheHits', 'CacheMisses', 'CacheInertHits', 'CacheSecondsSaved'] as const;
    expect(counted.map((name) => cache.log.counted(name))).toEqual([2, 1, 1, 67]);
  });

  it('names the factor in which the nearest entry differs', async () => {
    const explain = async (factors: unknown) => {
      const response = await cache.request(token, '/v1/explain', postJson({ factors }));
      return explainResponseSchema.parse(await response.json()).nearest;
    };
    expect(await explain({ torch: '2.15' })).toBeNull();
    const far = { torch: '2.14', cpu: 'neon', gpu: 'none' };
    const near = { torch: '2.15', cpu: 'avx512', gpu: 'none' };
    await cache.put(token, sha256('far'), BODY, withFactors(far));
    await cache.put(token, KEY, Buffer.from('near'), withFactors(near));
    expect(await explain({ torch: '2.15', cpu: 'avx2', gpu: 'none', python: '3.13' })).toEqual({
      key: KEY,
      created: '2026-11-25T00:00:00.000Z',
      same: 2,
      differing: [
        { name: 'cpu', yours: 'avx2', theirs: 'avx512' },
        { name: 'python', yours: '3.13', theirs: null },
      ],
    });
  });
});
