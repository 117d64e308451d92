import type { EntryRow } from '../../contracts/cache-rows.ts';

export interface StoredRow {
  readonly row: EntryRow;
  readonly version: number;
}

/**
 * What becomes of a second, different body under a key. `replace`: an entry that grows or is mended
 * (ccache adds to its manifests, Bazel writes an action again whose outputs are gone). `keep`: the
 * key names the inputs, so one output is as good as another, and a refusal would count as a fault.
 */
export type SecondBody = 'conflict' | 'keep' | 'replace';

export type PutVerdict =
  | {
      readonly kind: 'write';
      readonly expect: number | 'absent';
      readonly refused: EntryRow['refused'];
    }
  | { readonly kind: 'present' }
  | { readonly kind: 'conflict' | 'kept' }
  | { readonly kind: 'quarantined' };

/** First writer wins; what was reported as broken for this key does not come back. */
export function judgePut(stored: StoredRow | null, digest: string, second: SecondBody): PutVerdict {
  if (stored === null) return { kind: 'write', expect: 'absent', refused: [] };
  const { row, version } = stored;
  if (row.refused.some((it) => it === digest)) return { kind: 'quarantined' };
  if (row.state === 'live') {
    if (row.digest === digest) return { kind: 'present' };
    if (second !== 'replace') return { kind: second === 'keep' ? 'kept' : 'conflict' };
  }
  return { kind: 'write', expect: version, refused: row.refused };
}
