import type { Access, KeyspaceName } from '../../contracts/cache-names.ts';
import {
  type EntryRow,
  entryPartition,
  entryRowSchema,
  type Place,
} from '../../contracts/cache-rows.ts';
import { readablePlaces } from '../../domain/cache/scopes.ts';
import type { CacheContext } from './context.ts';
import { type RowRead, readRow } from './rows.ts';

/** An entry, whoever may hold it. */
export interface EntryAddress {
  readonly keyspace: KeyspaceName;
  readonly key: string;
}

export interface FoundEntry extends EntryAddress {
  readonly place: Place;
  readonly version: number;
  readonly row: EntryRow;
}

export const entryKey = (place: Place, { keyspace, key }: EntryAddress) => ({
  pk: entryPartition(place, keyspace),
  sk: key,
});

export function readEntryRow(
  context: CacheContext,
  place: Place,
  address: EntryAddress,
): Promise<RowRead<EntryRow>> {
  return readRow(context.table, entryKey(place, address), entryRowSchema);
}

/** What this server has for the bearer under the key, of the trusted scope before its own. */
export async function findLocalEntry(
  context: CacheContext,
  access: Access,
  address: EntryAddress,
): Promise<FoundEntry | null> {
  for (const place of readablePlaces(access)) {
    const read = await readEntryRow(context, place, address);
    if (read.kind !== 'found' || read.row.state !== 'live') continue;
    return { ...address, place, version: read.version, row: read.row };
  }
  return null;
}

/**
 * Takes out an entry whose blob is lost or broken, so that it is a miss and can be written again.
 * Whoever changed the row meanwhile knows better.
 */
export async function takeOut(
  context: CacheContext,
  found: FoundEntry,
  refused: EntryRow['refused'],
): Promise<void> {
  const key = entryKey(found.place, found);
  if (refused.length === 0) {
    await context.table.remove(key, found.version);
    return;
  }
  const body: EntryRow = { ...found.row, state: 'gone', refused };
  await context.table.write({ key, body, expect: found.version });
}
