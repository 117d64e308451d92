import type { z } from 'zod';
import { LAST_SORT_KEY } from '../../contracts/cache-rows.ts';
import type { Entry, EntryKey, EntryTable } from '../../ports/entry-table.ts';

export interface ParsedRow<Row> {
  readonly key: EntryKey;
  readonly version: number;
  readonly row: Row;
}

/** `invalid`: somebody else wrote it. Never an answer; the next writer may replace it. */
export type RowRead<Row> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly version: number }
  | { readonly kind: 'found'; readonly version: number; readonly row: Row };

export async function readRow<Schema extends z.ZodType>(
  table: EntryTable,
  key: EntryKey,
  schema: Schema,
): Promise<RowRead<z.output<Schema>>> {
  const entry = await table.read(key);
  if (entry === null) return { kind: 'absent' };
  const parsed = schema.safeParse(entry.body);
  if (!parsed.success) return { kind: 'invalid', version: entry.version };
  return { kind: 'found', version: entry.version, row: parsed.data };
}

/** The row, or null where there is none that can be used. */
export async function readRowOrNull<Schema extends z.ZodType>(
  table: EntryTable,
  key: EntryKey,
  schema: Schema,
): Promise<z.output<Schema> | null> {
  const read = await readRow(table, key, schema);
  return read.kind === 'found' ? read.row : null;
}

const PAGE_ROWS = 500;

/** All rows of a partition, highest sort key first; others than ours are left out. */
export async function* listRows<Schema extends z.ZodType>(
  table: EntryTable,
  pk: string,
  schema: Schema,
): AsyncGenerator<ParsedRow<z.output<Schema>>> {
  for (let before = LAST_SORT_KEY; ; ) {
    const page = await table.readBefore(pk, before, PAGE_ROWS);
    for (const entry of page) {
      const row = parse(entry, schema);
      if (row !== null) yield row;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    before = last.key.sk;
  }
}

function parse<Schema extends z.ZodType>(
  { key, version, body }: Entry,
  schema: Schema,
): ParsedRow<z.output<Schema>> | null {
  const parsed = schema.safeParse(body);
  return parsed.success ? { key, version, row: parsed.data } : null;
}
