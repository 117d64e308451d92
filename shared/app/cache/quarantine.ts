import type { Sha256 } from '../../contracts/brands.ts';
import { REFUSED_DIGESTS_MAX } from '../../contracts/cache-limits.ts';
import type { Access } from '../../contracts/cache-names.ts';
import { writablePlace } from '../../domain/cache/scopes.ts';
import type { CacheContext } from './context.ts';
import { readEntryRow, takeOut } from './entry-rows.ts';

/**
 * Takes out an entry that a client found to be broken, and never takes these bytes again for the
 * key. Only of the bearer's own scope. The blob goes with the next `gc`.
 */
export async function quarantineEntry(
  context: CacheContext,
  access: Access,
  report: Report,
): Promise<'done' | 'absent'> {
  const { key, ...rest } = report;
  const there = await context.upstream?.ask('POST', `/v1/entries/${key}/quarantine`, rest);
  const here = await quarantineLocally(context, access, report);
  return there?.status === 204 ? 'done' : here;
}

interface Report {
  readonly key: string;
  readonly digest: Sha256;
  readonly reason: string;
}

async function quarantineLocally(
  context: CacheContext,
  access: Access,
  report: Report,
): Promise<'done' | 'absent'> {
  const place = writablePlace(access);
  const address = { keyspace: 'native' as const, key: report.key };
  const read = await readEntryRow(context, place, address);
  if (read.kind !== 'found') return 'absent';
  const { row, version } = read;
  if (row.refused.includes(report.digest)) return 'done';
  if (row.state !== 'live' || row.digest !== report.digest) return 'absent';
  const refused = [...row.refused, report.digest].slice(-REFUSED_DIGESTS_MAX);
  await takeOut(context, { ...address, place, row, version }, refused);
  const { namespace, scope, tokenId } = access;
  context.stats.add(namespace, { quarantined: 1 });
  context.audit.write('cache-quarantine', { namespace, scope, tokenId, ...report });
  return 'done';
}
