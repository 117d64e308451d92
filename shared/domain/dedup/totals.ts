import type { z } from 'zod';
import type {
  DedupTotals,
  filterSummarySchema,
  stitchSummarySchema,
  verifySummarySchema,
} from '../../contracts/dedup-states.ts';

type Filtered = z.infer<typeof filterSummarySchema>;
type Verified = z.infer<typeof verifySummarySchema>;
type Stitched = z.infer<typeof stitchSummarySchema>;

export interface CountedFile extends Filtered {
  readonly name: string;
  /** What the first reading of the input found. */
  readonly hashed: { readonly rows: number; readonly rejected: number };
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** The job's own check: every line of every input is kept, dropped or rejected. Null: it holds. */
export function contradictionIn(
  files: readonly CountedFile[],
  verified: readonly Verified[],
): string | null {
  for (const { name, hashed, ...file } of files) {
    const accounted = file.kept + file.dropped + file.rejected;
    if (file.lines !== accounted || file.rows !== file.kept + file.dropped) {
      return `${name}: ${file.lines} lines in, but ${file.kept} kept + ${file.dropped} dropped + ${file.rejected} rejected`;
    }
    if (file.rows !== hashed.rows || file.rejected !== hashed.rejected) {
      return `${name}: ${hashed.rows} rows were hashed, ${file.rows} filtered`;
    }
  }
  const found = sum(verified, ({ duplicates }) => duplicates);
  const told = sum(files, ({ duplicates }) => duplicates);
  return found === told ? null : `${found} duplicates were found, ${told} reported`;
}

export function addUp(
  files: readonly CountedFile[],
  verified: readonly Verified[],
  stitched: Stitched,
): Omit<DedupTotals, 'jobId'> {
  return {
    files: files.map(({ name, rows, kept, dropped, rejected, duplicates }) => ({
      name,
      rows,
      kept,
      dropped,
      rejected,
      duplicates,
    })),
    total: {
      rows: sum(files, (file) => file.rows),
      kept: sum(files, (file) => file.kept),
      dropped: sum(files, (file) => file.dropped),
      rejected: sum(files, (file) => file.rejected),
    },
    duplicates: sum(files, (file) => file.duplicates),
    groups: sum(verified, ({ groups }) => groups),
    candidates: stitched.candidates,
    compared: sum(verified, ({ compared }) => compared),
    largestComponent: stitched.largest,
    giants: stitched.giants,
  };
}
