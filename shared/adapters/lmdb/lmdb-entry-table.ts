import { open, type RootDatabase } from 'lmdb';
import { z } from 'zod';
import {
  type Entry,
  type EntryKey,
  EntryTableError,
  type EntryWrite,
  type EntryWriteResult,
  type RemovableEntryTable,
  requireFewEntries,
} from '../../ports/entry-table.ts';

export interface LmdbEntryTable extends RemovableEntryTable {
  close(): Promise<void>;
}

/** lmdb takes keys of up to 1,978 bytes; both halves together stay below it. */
const KEY_BYTES_MAX = 1_900;

const storedSchema = z.strictObject({
  version: z.int().min(1),
  body: z.record(z.string(), z.json()),
});
type Stored = z.infer<typeof storedSchema>;
type Database = RootDatabase<unknown, string[]>;

/**
 * A table in one folder, for several processes of one machine. A write is decided and made in
 * one transaction and answered when it is on the disk.
 */
export function openLmdbEntryTable(folder: string): LmdbEntryTable {
  const database: Database = open({ path: folder, encoding: 'json', noSubdir: false });
  return {
    read: async (key) => readEntry(database, key),
    write: (entry) => writeEntries(database, [entry]),
    writeAll: (entries) => writeEntries(database, entries),
    readBefore: async (pk, before, countMax) => readBefore(database, pk, before, countMax),
    remove: (key, version) => removeEntry(database, key, version),
    close: () => database.close(),
  };
}

function readEntry(database: Database, key: EntryKey): Entry | null {
  checkKey(key);
  // lmdb reuses a snapshot within one turn of the event loop; another process may have written.
  database.resetReadTxn();
  const value = database.get([key.pk, key.sk]);
  return value === undefined ? null : { key, ...parse(key, value) };
}

async function writeEntries(
  database: Database,
  writes: readonly EntryWrite[],
): Promise<EntryWriteResult> {
  const first = writes[0];
  if (first === undefined) return { kind: 'written' };
  requireFewEntries(writes);
  for (const { key } of writes) checkKey(key);
  return commit(database, first.key, () => applyAll(database, writes));
}

async function removeEntry(
  database: Database,
  key: EntryKey,
  version: number,
): Promise<EntryWriteResult> {
  checkKey(key);
  return commit(database, key, () => {
    const value = database.get([key.pk, key.sk]);
    if (value === undefined || parse(key, value).version !== version) return false;
    return database.removeSync([key.pk, key.sk]);
  });
}

async function commit(
  database: Database,
  subject: EntryKey,
  change: () => boolean,
): Promise<EntryWriteResult> {
  try {
    // Not `transaction()`: its callback at times reads what was there before the last commit of
    // another process, and that write is then lost (3 of 200 runs of the test, lmdb-js 3.5.6).
    const isWritten = database.transactionSync(change);
    await database.flushed;
    return { kind: isWritten ? 'written' : 'conflict' };
  } catch (cause) {
    if (cause instanceof EntryTableError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new EntryTableError('WriteFailed', subject, { message, retryable: false, cause });
  }
}

/** Runs inside a write transaction: all conditions are seen before the first change. */
function applyAll(database: Database, writes: readonly EntryWrite[]): boolean {
  const holds = writes.every(({ key, expect }) => {
    const value = database.get([key.pk, key.sk]);
    return expect === (value === undefined ? 'absent' : parse(key, value).version);
  });
  if (!holds) return false;
  for (const { key, body, expect } of writes) {
    const version = expect === 'absent' ? 1 : expect + 1;
    database.putSync([key.pk, key.sk], { version, body });
  }
  return true;
}

function readBefore(
  database: Database,
  pk: string,
  before: string,
  countMax: number,
): readonly Entry[] {
  database.resetReadTxn();
  const entries: Entry[] = [];
  if (countMax <= 0) return entries;
  const range = database.getRange({ start: [pk, before], end: [pk], reverse: true });
  for (const { key, value } of range) {
    const [foundPk, sk] = key;
    if (foundPk !== pk || sk === undefined || sk === before) continue; // the ends of the range
    entries.push({ key: { pk, sk }, ...parse({ pk, sk }, value) });
    if (entries.length === countMax) break;
  }
  return entries;
}

function parse(key: EntryKey, value: unknown): Stored {
  const parsed = storedSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = `the entry was not written by us: ${z.prettifyError(parsed.error)}`;
  throw new EntryTableError('InvalidEntry', key, { message, retryable: false });
}

function checkKey(key: EntryKey): void {
  const bytes = Buffer.byteLength(key.pk) + Buffer.byteLength(key.sk);
  if (bytes <= KEY_BYTES_MAX) return;
  const message = `a key of ${bytes} bytes, at most ${KEY_BYTES_MAX} are stored`;
  throw new EntryTableError('InvalidKey', key, { message, retryable: false });
}
