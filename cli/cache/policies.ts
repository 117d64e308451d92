import type { CacheSettings, NamespacePolicy } from '../../shared/app/cache/context.ts';
import { BODY_IDLE_MS } from '../../shared/contracts/cache-limits.ts';
import { VERSION } from '../../shared/contracts/version.ts';
import type { Settings } from '../settings/settings.ts';
import { entryBytesMaxOf } from './options.ts';

const DAY_MS = 24 * 3_600_000;

/** What `[cache]` and `[cache.namespaces.NAME]` of mithril.toml say. */
export function cacheSettings(
  { cache }: Pick<Settings, 'cache'>,
  maxEntry: number | undefined,
): CacheSettings {
  const entryBytesMax = entryBytesMaxOf(maxEntry ?? cache.maxEntryBytes);
  return {
    version: VERSION,
    entryBytesMax,
    inlineBytesMax: entryBytesMax,
    bodyIdleMs: BODY_IDLE_MS,
    policyOf: (namespace): NamespacePolicy => {
      const own = cache.namespaces[namespace];
      return {
        publicKeys: own?.public_keys ?? [],
        quotaBytes: own?.quota_bytes ?? cache.quotaBytes,
        ttlMs: (own?.ttl_days ?? cache.ttlDays) * DAY_MS,
      };
    },
  };
}
