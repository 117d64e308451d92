import type { StatsResponse } from '../../contracts/cache-api.ts';
import { RACE_TRIES_MAX } from '../../contracts/cache-limits.ts';
import {
  NO_STATS,
  type StatsRow,
  statsPartition,
  statsRowSchema,
} from '../../contracts/cache-rows.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EntryTable } from '../../ports/entry-table.ts';
import { readRow, readRowOrNull } from './rows.ts';

const DAY_MS = 24 * 3_600_000;

type Additions = Partial<StatsRow>;

/** Sums in memory, brought to the table now and then: no write of the table on the hit path. */
export interface StatsRecorder {
  add(namespace: string, additions: Additions): void;
  /** Brings all to the table; what cannot be written stays for the next time. */
  flush(): Promise<void>;
}

export function createStatsRecorder(table: EntryTable, clock: Clock): StatsRecorder {
  let waiting = new Map<string, StatsRow>();
  const add = (namespace: string, additions: Additions): void =>
    void waiting.set(namespace, sum(waiting.get(namespace) ?? NO_STATS, additions));
  return {
    add,
    flush: async () => {
      const taken = waiting;
      waiting = new Map();
      for (const [namespace, additions] of taken) {
        const isWritten = await addToDay(table, namespace, additions, clock.nowMs()).catch(
          () => false,
        );
        if (!isWritten) add(namespace, additions);
      }
    },
  };
}

/** Sums of the last days, today included. */
export async function readStats(
  table: EntryTable,
  namespace: string,
  days: number,
  nowMs: number,
): Promise<StatsResponse> {
  let total = NO_STATS;
  for (let day = 0; day < days; day += 1) {
    const key = keyOf(namespace, nowMs - day * DAY_MS);
    const row = await readRowOrNull(table, key, statsRowSchema);
    if (row !== null) total = sum(total, row);
  }
  const asked = total.hits + total.misses;
  return { days, ...total, hitRate: asked === 0 ? 0 : total.hits / asked };
}

async function addToDay(
  table: EntryTable,
  namespace: string,
  additions: StatsRow,
  nowMs: number,
): Promise<boolean> {
  const key = keyOf(namespace, nowMs);
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const read = await readRow(table, key, statsRowSchema);
    const before = read.kind === 'found' ? read.row : NO_STATS;
    const expect = read.kind === 'absent' ? 'absent' : read.version;
    const written = await table.write({ key, body: sum(before, additions), expect });
    if (written.kind === 'written') return true;
  }
  return false;
}

const keyOf = (namespace: string, ms: number) => ({
  pk: statsPartition(namespace),
  sk: new Date(ms).toISOString().slice(0, 10),
});

function sum(before: StatsRow, additions: Additions): StatsRow {
  return {
    hits: before.hits + (additions.hits ?? 0),
    misses: before.misses + (additions.misses ?? 0),
    errors: before.errors + (additions.errors ?? 0),
    inert: before.inert + (additions.inert ?? 0),
    secondsSaved: before.secondsSaved + (additions.secondsSaved ?? 0),
    bytesServed: before.bytesServed + (additions.bytesServed ?? 0),
    bytesStored: before.bytesStored + (additions.bytesStored ?? 0),
    puts: before.puts + (additions.puts ?? 0),
    conflicts: before.conflicts + (additions.conflicts ?? 0),
    quarantined: before.quarantined + (additions.quarantined ?? 0),
    programHits: before.programHits + (additions.programHits ?? 0),
    programMisses: before.programMisses + (additions.programMisses ?? 0),
  };
}
