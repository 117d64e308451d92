// What a proxy does with what its endpoint could not take, by a clock that is moved.
import { beforeEach, expect, it } from 'vitest';
import { deliverAgain } from '../../shared/app/cache/deliver.ts';
import { deliveryPartition } from '../../shared/contracts/cache-rows.ts';
import { createCacheApp } from '../../shared/http/cache/app.ts';
import type { CacheUpstream, Delivery } from '../../shared/ports/cache-upstream.ts';
import { type CacheFixture, openCacheFixture, sha256 } from './cache-fixture.ts';

const PLACE = { namespace: 'team', scope: 'main' };
const HOUR_MS = 3_600_000;
const KEY = sha256('key');

let cache: CacheFixture;
let answer: Delivery;
/** Keys and bodies that the endpoint was offered. */
let offered: (readonly [string, string])[];
let token: string;
let proxy: ReturnType<typeof createCacheApp>;
let upstream: CacheUpstream;

beforeEach(async () => {
  cache = openCacheFixture();
  token = await cache.token();
  answer = 'failed';
  offered = [];
  upstream = {
    readEntry: async () => null,
    readProfile: async () => null,
    lookup: async () => ({}),
    ask: async () => null,
    whoami: async () => ({ kind: 'unreachable' }),
    writeEntry: async ({ key }, body) => {
      let text = '';
      for await (const piece of body()) text += Buffer.from(piece).toString();
      offered.push([key, text]);
      return answer;
    },
  };
  proxy = createCacheApp({ ...cache.context, upstream });
});

const put = async (path: string, text: string): Promise<number> => {
  const body = Buffer.from(text);
  const own = cache.signer.headers({ key: KEY, body });
  const headers = { ...own, Authorization: `Bearer ${token}` };
  return (await proxy.request(path, { method: 'PUT', body, headers })).status;
};
const putNative = (text: string) => put(`/v1/entries/${KEY}`, text);
const tryAgain = (what: 'due' | 'all' = 'due', signal = new AbortController().signal) =>
  deliverAgain(cache.context, upstream, PLACE, { what, signal });
const noted = () => cache.context.table.readBefore(deliveryPartition(PLACE), '\uffff', 100);

it('forgets what was taken, and what the endpoint will never take', async () => {
  for (const outcome of ['taken', 'refused'] as const) {
    answer = outcome;
    expect(await put(`/ccache/ac/${sha256(outcome)}`, outcome)).toBe(201);
    expect(await noted()).toEqual([]);
  }
  expect(offered.map(([, text]) => text)).toEqual(['taken', 'refused']);
});

it('takes a write that the endpoint does not, and tries it again with growing pauses', async () => {
  expect(await putNative('body')).toBe(201);
  expect(offered).toHaveLength(1);
  const offeredAfter: number[] = [];
  for (let minutes = 1; minutes <= 16; minutes += 1) {
    cache.clock.advance(60_000);
    const before = offered.length;
    await tryAgain();
    if (offered.length > before) offeredAfter.push(minutes);
  }
  expect(offeredAfter).toEqual([1, 2, 4, 8, 16]);
  answer = 'taken';
  cache.clock.advance(HOUR_MS);
  await tryAgain();
  expect(offered.at(-1)).toEqual([KEY, 'body']);
  expect(await noted()).toEqual([]);
});

it('gives up after a day', async () => {
  await putNative('body');
  for (let hours = 0; hours < 23; hours += 1) {
    cache.clock.advance(HOUR_MS);
    await tryAgain();
  }
  expect(await noted()).toHaveLength(1);
  cache.clock.advance(2 * HOUR_MS);
  await tryAgain();
  expect(await noted()).toEqual([]);
  expect(cache.log.lines.at(-1)?.event).toBe('cache-undelivered');
});

it('sends the newest body of a key, once', async () => {
  const path = `/ccache/ac/${KEY}`;
  await put(path, 'old');
  await put(path, 'new');
  expect(await noted()).toHaveLength(1);
  answer = 'taken';
  await tryAgain('all');
  expect(offered.at(-1)?.[1]).toBe('new');
  expect(await noted()).toEqual([]);
});

it('stops a round where the endpoint fails, and where the process is about to end', async () => {
  for (const name of ['a', 'b', 'c']) await put(`/ccache/ac/${sha256(name)}`, name);
  offered = [];
  await tryAgain('all');
  expect(offered).toHaveLength(1);
  answer = 'taken';
  await tryAgain('all', AbortSignal.abort());
  expect(offered).toHaveLength(1);
  await tryAgain('all');
  expect(offered).toHaveLength(4);
});

it('forgets what is no longer here', async () => {
  await putNative('body');
  await cache.context.blobs.remove('team', sha256('body'));
  expect((await cache.request(token, `/v1/entries/${KEY}`)).status).toBe(404);
  offered = [];
  await tryAgain('all');
  expect([offered, await noted()]).toEqual([[], []]);
});

it('delivers nothing of another place', async () => {
  await putNative('body');
  offered = [];
  const how = { what: 'all', signal: new AbortController().signal } as const;
  await deliverAgain(cache.context, upstream, { ...PLACE, scope: 'pr-17' }, how);
  await deliverAgain(cache.context, upstream, { ...PLACE, namespace: 'others' }, how);
  expect(offered).toEqual([]);
});
