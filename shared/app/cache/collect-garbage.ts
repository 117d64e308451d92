import { z } from 'zod';
import { STATS_DAYS_MAX } from '../../contracts/cache-limits.ts';
import { KEYSPACES, TRUSTED_SCOPE } from '../../contracts/cache-names.ts';
import {
  type EntryRow,
  entryPartition,
  entryRowSchema,
  factorsPartition,
  factorsRowSchema,
  leasePartition,
  leaseRowSchema,
  type Place,
  profilePartition,
  profileRowSchema,
  statsPartition,
  TOKENS_PARTITION,
  tokenRowSchema,
} from '../../contracts/cache-rows.ts';
import { DigestMarks, isSameDay, UseByDay } from '../../domain/cache/retention.ts';
import type { CacheContext } from './context.ts';
import { readEntryRow } from './entry-rows.ts';
import { listRows, type ParsedRow } from './rows.ts';
import { listPlaces } from './tokens.ts';

const DAY_MS = 24 * 3_600_000;
/** A blob younger than this may be about to get its row. */
const BLOB_GRACE_MS = 3_600_000;
/** How long a token that ended is still listed. */
const ENDED_TOKEN_MS = 30 * DAY_MS;
/** Entries share blobs, so what goes is estimated, and looked at again. */
const QUOTA_ROUNDS_MAX = 8;
const ROWS_BETWEEN_PAUSES = 200;

export interface GarbageReport {
  readonly namespace: string;
  readonly entries: number;
  readonly expired: number;
  readonly evicted: number;
  readonly blobsRemoved: number;
  readonly bytesRemoved: number;
  /** As they are kept. */
  readonly bytesLeft: number;
}

/** Time to live, quota, and what nothing refers to any more. Safe beside servers and other runs. */
export async function collectGarbage(context: CacheContext): Promise<readonly GarbageReport[]> {
  const places = await listPlaces(context.table);
  const reports: GarbageReport[] = [];
  for (const namespace of new Set(places.map((place) => place.namespace))) {
    const own = places.filter((place) => place.namespace === namespace);
    reports.push(await collectNamespace(context, namespace, own));
  }
  const nowMs = context.clock.nowMs();
  await removeRows(context, TOKENS_PARTITION, tokenRowSchema, ({ row }) => {
    return Math.min(row.expiresMs, row.revokedMs ?? row.expiresMs) < nowMs - ENDED_TOKEN_MS;
  });
  return reports;
}

async function collectNamespace(
  context: CacheContext,
  namespace: string,
  places: readonly Place[],
): Promise<GarbageReport> {
  const { ttlMs, quotaBytes } = context.settings.policyOf(namespace);
  const oldestMs = context.clock.nowMs() - ttlMs;
  const expired = await evict(context, places, ({ usedMs }) => usedMs < oldestMs);
  let swept = await sweepBlobs(context, namespace, places);
  let { blobsRemoved, bytesRemoved } = swept;
  let evicted = 0;
  for (let round = 0; swept.bytesLeft > quotaBytes && round < QUOTA_ROUNDS_MAX; round += 1) {
    const { total } = swept.uses;
    const over = (swept.bytesLeft - quotaBytes) * Math.max(1, total / swept.bytesLeft);
    let { beforeMs, ofThatDay } = swept.uses.choose(over);
    const gone = await evict(context, places, ({ usedMs, bytes }) => {
      if (usedMs < beforeMs) return true;
      if (ofThatDay <= 0 || !isSameDay(usedMs, beforeMs)) return false;
      ofThatDay -= bytes;
      return true;
    });
    if (gone === 0) break; // what is left over is too young to go
    evicted += gone;
    swept = await sweepBlobs(context, namespace, places);
    blobsRemoved += swept.blobsRemoved;
    bytesRemoved += swept.bytesRemoved;
  }
  for (const place of places) await removeLeftovers(context, place, oldestMs);
  const { entries, bytesLeft } = swept;
  const report = { namespace, entries, expired, evicted, blobsRemoved, bytesRemoved, bytesLeft };
  context.audit.write('cache-gc', report);
  return report;
}

async function* listEntries(context: CacheContext, places: readonly Place[]) {
  for (const place of places) {
    for (const keyspace of KEYSPACES) {
      yield* withPauses(listRows(context.table, entryPartition(place, keyspace), entryRowSchema));
    }
  }
}

/** Requests of the same process come between. */
async function* withPauses<T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (count % ROWS_BETWEEN_PAUSES === 0) await new Promise((done) => setImmediate(done));
    yield row;
  }
}

async function evict(
  context: CacheContext,
  places: readonly Place[],
  isToGo: (row: EntryRow) => boolean,
): Promise<number> {
  let count = 0;
  for await (const { key, version, row } of listEntries(context, places)) {
    if (!isToGo(row)) continue;
    const removed = await context.table.remove(key, version); // one that was used meanwhile stays
    if (removed.kind === 'written') count += 1;
  }
  return count;
}

interface Swept {
  readonly uses: UseByDay;
  readonly entries: number;
  readonly blobsRemoved: number;
  readonly bytesRemoved: number;
  readonly bytesLeft: number;
}

async function sweepBlobs(
  context: CacheContext,
  namespace: string,
  places: readonly Place[],
): Promise<Swept> {
  const youngMs = context.clock.nowMs() - BLOB_GRACE_MS;
  const marks = new DigestMarks();
  const uses = new UseByDay();
  let entries = 0;
  for await (const { row } of listEntries(context, places)) {
    if (row.state !== 'live') continue;
    entries += 1;
    marks.add(row.digest);
    uses.add(row.usedMs, row.bytes);
  }
  let [blobsRemoved, bytesRemoved, bytesLeft] = [0, 0, 0];
  for await (const blob of context.blobs.list(namespace)) {
    if (marks.mayHave(blob.digest) || blob.modifiedMs > youngMs) {
      bytesLeft += blob.storedBytes;
      continue;
    }
    await context.blobs.remove(namespace, blob.digest);
    blobsRemoved += 1;
    bytesRemoved += blob.storedBytes;
  }
  return { uses, entries, blobsRemoved, bytesRemoved, bytesLeft };
}

/** Profiles and factors of entries that are gone, leases that ended, sums that nobody can ask for. */
async function removeLeftovers(
  context: CacheContext,
  place: Place,
  oldestMs: number,
): Promise<void> {
  const nowMs = context.clock.nowMs();
  const trusted = { ...place, scope: TRUSTED_SCOPE };
  const isGone = async (key: string, from = place): Promise<boolean> => {
    const read = await readEntryRow(context, from, { keyspace: 'native', key });
    return read.kind !== 'found' || read.row.state !== 'live';
  };
  await removeRows(context, profilePartition(place), profileRowSchema, async ({ row }) => {
    return (await isGone(row.key)) && (await isGone(row.key, trusted));
  });
  await removeRows(context, factorsPartition(place), factorsRowSchema, async ({ row }) => {
    return row.createdMs < oldestMs || (await isGone(row.key));
  });
  await removeRows(
    context,
    leasePartition(place),
    leaseRowSchema,
    ({ row }) => row.untilMs < nowMs,
  );
  const oldestDay = new Date(nowMs - STATS_DAYS_MAX * DAY_MS).toISOString();
  await removeRows(context, statsPartition(place.namespace), z.unknown(), ({ key }) => {
    return key.sk < oldestDay;
  });
}

async function removeRows<Schema extends z.ZodType>(
  context: CacheContext,
  pk: string,
  schema: Schema,
  isToGo: (row: ParsedRow<z.output<Schema>>) => boolean | Promise<boolean>,
): Promise<void> {
  for await (const row of withPauses(listRows(context.table, pk, schema))) {
    if (await isToGo(row)) await context.table.remove(row.key, row.version);
  }
}
