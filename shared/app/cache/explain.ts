import type { Nearest } from '../../contracts/cache-api.ts';
import { EXPLAIN_ENTRIES_MAX } from '../../contracts/cache-limits.ts';
import type { Access } from '../../contracts/cache-names.ts';
import { type FactorsRow, factorsPartition, factorsRowSchema } from '../../contracts/cache-rows.ts';
import { findNearest } from '../../domain/cache/nearest.ts';
import { readablePlaces } from '../../domain/cache/scopes.ts';
import type { CacheContext } from './context.ts';
import { listRows } from './rows.ts';

/** Why a key made of these factors is not there: what the nearest entry differs in. */
export async function explainMiss(
  context: CacheContext,
  access: Access,
  factors: Readonly<Record<string, string>>,
  /** Looked past: the nearest other entry is asked for. */
  ownKey = '',
): Promise<Nearest | null> {
  const candidates: FactorsRow[] = [];
  for (const place of readablePlaces(access)) {
    for await (const { row } of listRows(
      context.table,
      factorsPartition(place),
      factorsRowSchema,
    )) {
      if (row.key !== ownKey) candidates.push(row);
      if (candidates.length >= EXPLAIN_ENTRIES_MAX) break;
    }
  }
  return findNearest(factors, candidates);
}

/** What a key was made of; null where no entry with factors has it. */
export async function readFactorsOf(
  context: CacheContext,
  access: Access,
  key: string,
): Promise<Record<string, string> | null> {
  for (const place of readablePlaces(access)) {
    for await (const { row } of listRows(
      context.table,
      factorsPartition(place),
      factorsRowSchema,
    )) {
      if (row.key === key) return row.factors;
    }
  }
  return null;
}
