import { randomBytes } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { collectGarbage } from '../../shared/app/cache/collect-garbage.ts';
import { listTokens } from '../../shared/app/cache/tokens.ts';
import {
  factorsPartition,
  leasePartition,
  profilePartition,
} from '../../shared/contracts/cache-rows.ts';
import { type CacheFixture, openCacheFixture, postJson, sha256 } from './cache-fixture.ts';

const DAY_MS = 86_400_000;
const SIZE = 1_000;
let cache: CacheFixture;
let token: string;
beforeEach(async () => {
  cache = openCacheFixture({ ttlMs: 30 * DAY_MS, quotaBytes: 10 * SIZE });
  token = await cache.token({ ttlMs: 300 * DAY_MS });
});

const put = async (name: string, body = randomBytes(SIZE)): Promise<void> => {
  const response = await cache.put(token, sha256(name), body, {
    'Mithril-Factors': Buffer.from(JSON.stringify({ name })).toString('base64url'),
  });
  expect(response.status).toBe(201);
};
const has = async (name: string): Promise<boolean> =>
  (await cache.request(token, `/v1/entries/${sha256(name)}`)).status === 200;
const collect = async () => {
  const [report] = await collectGarbage(cache.context);
  return report;
};

it('removes what was not used for its time, blob and all, and keeps what was used', async () => {
  await put('old');
  await put('used');
  cache.clock.advance(20 * DAY_MS);
  expect(await has('used')).toBe(true);
  await put('new');
  cache.clock.advance(11 * DAY_MS);
  expect(await collect()).toMatchObject({
    entries: 2,
    expired: 1,
    evicted: 0,
    blobsRemoved: 1,
    bytesRemoved: SIZE,
    bytesLeft: 2 * SIZE,
  });
  expect([await has('old'), await has('used'), await has('new')]).toEqual([false, true, true]);
  expect(await collect()).toMatchObject({ expired: 0, blobsRemoved: 0, entries: 2 });
});

it('removes the least recently used above the quota, and no more than that', async () => {
  for (let day = 0; day < 14; day += 1) {
    await put(`day ${day}`);
    cache.clock.advance(DAY_MS);
  }
  expect(await has('day 0')).toBe(true); // used today, so it is the newest now
  expect(await collect()).toMatchObject({ evicted: 4, bytesLeft: 10 * SIZE });
  const left = await Promise.all(Array.from({ length: 14 }, (_, day) => has(`day ${day}`)));
  expect(left).toEqual([
    true,
    false,
    false,
    false,
    false,
    ...Array.from({ length: 9 }, () => true),
  ]);
});

it('counts identical bodies once', async () => {
  const body = randomBytes(6 * SIZE);
  for (let index = 0; index < 5; index += 1) await put(`same ${index}`, body);
  cache.clock.advance(DAY_MS);
  expect(await collect()).toMatchObject({ entries: 5, evicted: 0, bytesLeft: 6 * SIZE });
});

it('leaves a blob that may be about to get its row', async () => {
  const staged = await cache.context.blobs.stage('team', pieces(randomBytes(SIZE)));
  await staged.commit();
  expect(await collect()).toMatchObject({ blobsRemoved: 0, bytesLeft: SIZE });
  cache.clock.advance(2 * 3_600_000);
  expect(await collect()).toMatchObject({ blobsRemoved: 1, bytesLeft: 0 });
});

it('takes the bytes of a quarantined entry, and still refuses them', async () => {
  const body = randomBytes(SIZE);
  await put('broken', body);
  const report = postJson({ digest: sha256(body), reason: 'SIGILL' });
  await cache.request(token, `/v1/entries/${sha256('broken')}/quarantine`, report);
  cache.clock.advance(DAY_MS);
  expect(await collect()).toMatchObject({ blobsRemoved: 1, entries: 0 });
  expect((await cache.put(token, sha256('broken'), body)).status).toBe(409);
});

it('removes profiles, factors, leases, sums and tokens that are of no use any more', async () => {
  const body = randomBytes(SIZE);
  await put('entry', body);
  const pointer = JSON.stringify({ key: sha256('entry'), digest: sha256(body) });
  const profile = `/v1/profiles/${sha256('profile')}`;
  await cache.request(token, profile, { method: 'PUT', body: pointer });
  const lease = postJson({ seconds: 60, holder: 'a'.repeat(16) });
  await cache.request(token, `/v1/leases/${sha256('lease')}`, lease);
  await cache.token({ ttlMs: DAY_MS });
  await cache.context.stats.flush();
  const place = { namespace: 'team', scope: 'main' };
  const partitions = [
    profilePartition(place),
    factorsPartition(place),
    leasePartition(place),
    'stats#team',
  ];
  const counts = () =>
    Promise.all(
      partitions.map(async (pk) => (await cache.context.table.readBefore(pk, '\uffff', 9)).length),
    );
  await collect();
  expect(await counts()).toEqual([1, 1, 1, 1]);
  cache.clock.advance(100 * DAY_MS);
  await collect();
  expect(await counts()).toEqual([0, 0, 0, 0]);
  expect(await listTokens(cache.context.table)).toHaveLength(1);
});

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
