import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../shared/adapters/clock/system-clock.ts';
import { createFsBlobStore, type FsBlobStore } from '../../shared/adapters/fs/fs-blob-store.ts';
import { openLmdbEntryTable } from '../../shared/adapters/lmdb/lmdb-entry-table.ts';
import { createZstdStreams, type ZstdStreams } from '../../shared/adapters/zstd/zstd-streams.ts';
import type { CacheContext, CacheSettings } from '../../shared/app/cache/context.ts';
import { createStatsRecorder } from '../../shared/app/cache/stats.ts';
import type { Log } from '../../shared/ports/log.ts';

/** How often sums of requests are brought to the table. */
const FLUSH_MS = 5_000;

export interface LocalCache {
  readonly context: CacheContext;
  readonly blobs: FsBlobStore;
  close(): Promise<void>;
}

/** A cache in one folder: files and lmdb, for several processes of this machine. */
export function openLocalCache(
  folder: string,
  options: { readonly settings: CacheSettings; readonly log: Log; readonly audit: Log },
): LocalCache {
  const places = { table: join(folder, 'table'), blobs: join(folder, 'blobs') };
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true, mode: 0o700 });
  const table = openLmdbEntryTable(places.table);
  const blobs = createFsBlobStore(places.blobs, openZstd(options.log));
  const clock = systemClock;
  const stats = createStatsRecorder(table, clock);
  const running = new Set<Promise<void>>();
  const background = (work: () => Promise<void>): void => {
    const run: Promise<void> = work()
      .catch((error: unknown) => options.log.write('cache-background', { error: String(error) }))
      .finally(() => running.delete(run));
    running.add(run);
  };
  const timer = setInterval(() => background(() => stats.flush()), FLUSH_MS).unref();
  return {
    context: { table, blobs, links: null, clock, stats, background, ...options },
    blobs,
    close: async () => {
      clearInterval(timer);
      await Promise.all(running);
      await stats.flush();
      await table.close();
    },
  };
}

/** Without it blobs are kept as they are, and compressed ones of before are misses. */
function openZstd(log: Log): ZstdStreams | null {
  try {
    return createZstdStreams();
  } catch (error) {
    log.write('cache-without-zstd', { error: String(error) });
    return null;
  }
}
