import { join } from 'node:path';
import { systemClock } from '../../shared/adapters/clock/system-clock.ts';
import { createJsonLog } from '../../shared/adapters/log/json-log.ts';
import { parseOptions } from '../parse-options.ts';
import type { Session } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import { openAuditLog } from './audit-log.ts';
import { type LocalCache, openLocalCache } from './open-cache.ts';
import { cacheFolder, folderOptionSchema } from './options.ts';
import { cacheSettings } from './policies.ts';

export interface OpenedCache extends LocalCache {
  readonly folder: string;
}

/** The cache of `--dir` or of mithril.toml, closed when the work is done. */
export async function withCache<T>(
  session: Session,
  given: unknown,
  work: (cache: OpenedCache) => Promise<T>,
  overrides: { readonly maxEntry?: number | undefined; readonly folderName?: string } = {},
): Promise<T> {
  const { dir } = parseOptions(folderOptionSchema.loose(), given);
  const settings = readSettings(session, given);
  const folder = cacheFolder(session, settings, dir ?? null, overrides.folderName);
  const cache = openLocalCache(folder, {
    settings: cacheSettings(settings, overrides.maxEntry),
    log: createJsonLog({
      service: 'cache',
      nowMs: () => systemClock.nowMs(),
      writeLine: (line) => session.terminal.detail(line),
    }),
    audit: openAuditLog(join(folder, 'audit'), systemClock),
  });
  try {
    return await work({ ...cache, folder });
  } finally {
    await cache.close();
  }
}
