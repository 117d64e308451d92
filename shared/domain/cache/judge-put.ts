import type { EntryRow } from '../../contracts/cache-rows.ts';

export interface StoredRow {
  readonly row: EntryRow;
  readonly version: number;
}

export type PutVerdict =
  | {
      readonly kind: 'write';
      readonly expect: number | 'absent';
      readonly refused: EntryRow['refused'];
    }
  | { readonly kind: 'present' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'quarantined' };

/** First writer wins; what was reported as broken for this key does not come back. */
export function judgePut(stored: StoredRow | null, digest: string): PutVerdict {
  if (stored === null) return { kind: 'write', expect: 'absent', refused: [] };
  const { row, version } = stored;
  if (row.refused.some((it) => it === digest)) return { kind: 'quarantined' };
  if (row.state === 'live') return { kind: row.digest === digest ? 'present' : 'conflict' };
  return { kind: 'write', expect: version, refused: row.refused };
}
