import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { collectGarbage, type GarbageReport } from '../../shared/app/cache/collect-garbage.ts';
import { EXIT } from '../exit-code.ts';
import type { Command } from '../session.ts';
import { formatBytes, formatCount } from '../text/quantity.ts';
import { AUDIT_NAME } from './audit-log.ts';
import { type OpenedCache, withCache } from './with-cache.ts';

const AUDIT_DAYS_MAX = 90;
const DAY_MS = 24 * 3_600_000;

/** `mithril cache gc`: safe beside servers. */
export const gc: Command = (session, _args, given) =>
  withCache(session, given, async (cache) => {
    const namespaces = await cleanUp(cache);
    const lines = namespaces.map(lineOf);
    const text = lines.length === 0 ? 'There is nothing to remove.' : lines.join('\n');
    session.terminal.result(text, { command: 'cache gc', namespaces });
    return EXIT.ok;
  });

const lineOf = (it: GarbageReport): string =>
  `mithril-cache: ${it.namespace}: removed ${formatCount(it.expired + it.evicted)} entries, ` +
  `${formatBytes(it.bytesRemoved)}; left ${formatCount(it.entries)}, ${formatBytes(it.bytesLeft)}`;

export async function cleanUp({ context, blobs, folder }: OpenedCache) {
  const nowMs = context.clock.nowMs();
  await blobs.sweep(nowMs);
  const oldest = new Date(nowMs - AUDIT_DAYS_MAX * DAY_MS).toISOString();
  const audit = join(folder, 'audit');
  for (const name of await readdir(audit)) {
    const day = AUDIT_NAME.exec(name)?.[1];
    if (day !== undefined && day < oldest) await rm(join(audit, name), { force: true });
  }
  return collectGarbage(context);
}
