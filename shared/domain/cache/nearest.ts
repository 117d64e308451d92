import type { Nearest } from '../../contracts/cache-api.ts';
import type { FactorsRow } from '../../contracts/cache-rows.ts';

type Factors = Readonly<Record<string, string>>;

/** The candidate that shares most factors; of equals the first, so give the newest first. */
export function findNearest(yours: Factors, candidates: readonly FactorsRow[]): Nearest | null {
  let best: { readonly row: FactorsRow; readonly same: number } | null = null;
  for (const row of candidates) {
    const same = namesOf(yours).filter((name) => row.factors[name] === yours[name]).length;
    if (best === null || same > best.same) best = { row, same };
  }
  if (best === null) return null;
  const { key, createdMs, factors: theirs } = best.row;
  const names = [...new Set([...namesOf(yours), ...namesOf(theirs)])].toSorted();
  const differing = names
    .filter((name) => yours[name] !== theirs[name])
    .map((name) => ({ name, yours: yours[name] ?? null, theirs: theirs[name] ?? null }));
  return { key, created: new Date(createdMs).toISOString(), same: best.same, differing };
}

const namesOf = (factors: Factors): string[] => Object.keys(factors);
