import {
  type DeliveryRow,
  deliveryPartition,
  deliveryRowSchema,
  type Place,
} from '../../contracts/cache-rows.ts';
import type { CacheUpstream, Delivery } from '../../ports/cache-upstream.ts';
import type { CacheContext } from './context.ts';
import { type EntryAddress, type FoundEntry, readEntryRow } from './entry-rows.ts';
import { openEntry } from './read-entry.ts';
import { listRows, type ParsedRow, readRow } from './rows.ts';
import type { OfferedEntry } from './write-entry.ts';

/** Longer than the first try takes, unless its process ends. */
const FIRST_MS = 60_000;
const PAUSE_MS_MIN = 30_000;
const PAUSE_MS_MAX = 3_600_000;
/** What the endpoint did not take within a day it does not get. */
const AGE_MS_MAX = 24 * 3_600_000;

const deliveryKey = (place: Place, { keyspace, key }: EntryAddress) => ({
  pk: deliveryPartition(place),
  sk: `${keyspace}#${key}`,
});

/** Before the first try, so that it outlives this process. */
export async function noteDelivery(
  context: CacheContext,
  place: Place,
  { keyspace, key, factors }: OfferedEntry,
): Promise<void> {
  const at = deliveryKey(place, { keyspace, key });
  const read = await readRow(context.table, at, deliveryRowSchema);
  const sinceMs = context.clock.nowMs();
  const body: DeliveryRow = {
    keyspace,
    key,
    factors: factors === null ? null : { ...factors },
    sinceMs,
    dueMs: sinceMs + FIRST_MS,
    tries: 0,
  };
  const expect = read.kind === 'absent' ? 'absent' : read.version;
  // Whoever was faster noted the same key, under which the newest body is sent.
  await context.table.write({ key: at, body, expect });
}

/** Sends what is noted under a key, and notes what came of it. */
export async function deliver(
  context: CacheContext,
  upstream: CacheUpstream,
  place: Place,
  address: EntryAddress,
): Promise<Delivery> {
  const at = deliveryKey(place, address);
  const read = await readRow(context.table, at, deliveryRowSchema);
  if (read.kind !== 'found') return 'taken';
  return settle(context, { key: at, ...read }, await send(context, upstream, place, read.row));
}

/**
 * Tries again what is due (`all`: whatever is noted), until the endpoint fails once: the rest would
 * fail as well. Only of the place that the endpoint's token writes to.
 */
export async function deliverAgain(
  context: CacheContext,
  upstream: CacheUpstream,
  place: Place,
  { what, signal }: { readonly what: 'due' | 'all'; readonly signal: AbortSignal },
): Promise<void> {
  const nowMs = context.clock.nowMs();
  for await (const noted of listRows(context.table, deliveryPartition(place), deliveryRowSchema)) {
    if (signal.aborted) return;
    if (what === 'due' && noted.row.dueMs > nowMs) continue;
    const delivery = await send(context, upstream, place, noted.row);
    if ((await settle(context, noted, delivery)) === 'failed') return;
  }
}

/** What is no longer here is taken for delivered. */
async function send(
  context: CacheContext,
  upstream: CacheUpstream,
  place: Place,
  { keyspace, key, factors }: DeliveryRow,
): Promise<Delivery> {
  const read = await readEntryRow(context, place, { keyspace, key });
  if (read.kind !== 'found' || read.row.state !== 'live') return 'taken';
  const { digest, bytes, signature, toolchain, compileSeconds, attributes } = read.row;
  const facts = { signature, toolchain, compileSeconds, attributes };
  const found = { keyspace, key, place, version: read.version, row: read.row };
  const carried = { keyspace, key, digest, bytes, facts, factors };
  const delivery = await upstream.writeEntry(carried, () => readBody(context, found));
  context.log.write('cache-push', { keyspace, key, digest, bytes, delivery });
  return delivery;
}

async function settle(
  { table, clock, log }: CacheContext,
  { key, version, row }: ParsedRow<DeliveryRow>,
  delivery: Delivery,
): Promise<Delivery> {
  const nowMs = clock.nowMs();
  const isGivenUp = delivery === 'failed' && nowMs - row.sinceMs > AGE_MS_MAX;
  if (isGivenUp) log.write('cache-undelivered', { keyspace: row.keyspace, key: row.key });
  if (delivery !== 'failed' || isGivenUp) {
    await table.remove(key, version);
    return delivery;
  }
  const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** Math.min(row.tries, 16));
  const body: DeliveryRow = { ...row, tries: row.tries + 1, dueMs: nowMs + pauseMs };
  await table.write({ key, body, expect: version });
  return delivery;
}

async function* readBody(context: CacheContext, found: FoundEntry): AsyncGenerator<Uint8Array> {
  const body = await openEntry(context, found, null);
  if (body === null) throw new Error('the blob was lost');
  if (Buffer.isBuffer(body)) yield body;
  else yield* body;
}
