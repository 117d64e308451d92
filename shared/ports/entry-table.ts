/** A small ordered table with optimistic versions: DynamoDB, lmdb or memory. */

export interface EntryKey {
  readonly pk: string;
  readonly sk: string;
}

/** JSON value without undefined; rows are parsed by their contract schema after reading. */
export type EntryValue =
  | string
  | number
  | boolean
  | null
  | readonly EntryValue[]
  | { readonly [name: string]: EntryValue };

export interface Entry {
  readonly key: EntryKey;
  /** Counted from 1 by every write. */
  readonly version: number;
  readonly body: { readonly [name: string]: EntryValue };
}

export interface EntryWrite {
  readonly key: EntryKey;
  readonly body: Entry['body'];
  /** The write happens only if the stored version is this one, or there is none. */
  readonly expect: number | 'absent';
}

export type EntryWriteResult = { readonly kind: 'written' } | { readonly kind: 'conflict' };

/** Faults (throttles, timeouts) are thrown as `EntryTableError`. */
export interface EntryTable {
  /** Strongly consistent. */
  read(key: EntryKey): Promise<Entry | null>;
  write(entry: EntryWrite): Promise<EntryWriteResult>;
  /** All or nothing, at most 25 entries. */
  writeAll(entries: readonly EntryWrite[]): Promise<EntryWriteResult>;
  /** Entries of a partition with `sk < before`, highest first, strongly consistent. */
  readBefore(pk: string, before: string, countMax: number): Promise<readonly Entry[]>;
}

/** What the cache needs besides: its rows come and go. The catalogue of checkpoints only grows. */
export interface RemovableEntryTable extends EntryTable {
  /** Only at this version; `conflict` where it is another one, or gone already. */
  remove(key: EntryKey, version: number): Promise<EntryWriteResult>;
}

/** DynamoDB takes up to 100; ours are few, and every adapter holds the same bound. */
const ENTRIES_MAX = 25;

/** Refuses a write of more entries than any table takes together. */
export function requireFewEntries(writes: readonly EntryWrite[]): void {
  const first = writes[0];
  if (first === undefined || writes.length <= ENTRIES_MAX) return;
  const message = `${writes.length} entries, at most ${ENTRIES_MAX} are written together`;
  throw new EntryTableError('TooManyEntries', first.key, { message, retryable: false });
}

export class EntryTableError extends Error {
  override readonly name = 'EntryTableError';
  readonly code: string;
  readonly subject: EntryKey;
  readonly retryable: boolean;

  constructor(
    code: string,
    subject: EntryKey,
    options: { message: string; retryable: boolean; cause?: unknown },
  ) {
    super(`${code}: ${options.message} (${subject.pk} ${subject.sk})`, { cause: options.cause });
    this.code = code;
    this.subject = subject;
    this.retryable = options.retryable;
  }
}
