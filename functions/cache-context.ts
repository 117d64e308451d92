import { readAwsOptions } from '../shared/adapters/aws/client-options.ts';
import { systemClock } from '../shared/adapters/clock/system-clock.ts';
import { createDynamoDbClient } from '../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import { createS3Client, createS3LinkClient } from '../shared/adapters/s3/create-s3-client.ts';
import { createS3BlobLinks } from '../shared/adapters/s3/s3-blob-links.ts';
import { createS3BlobStore } from '../shared/adapters/s3/s3-blob-store.ts';
import type { CacheContext, NamespacePolicy } from '../shared/app/cache/context.ts';
import { countStats } from '../shared/app/cache/count-stats.ts';
import { createStatsRecorder } from '../shared/app/cache/stats.ts';
import {
  BODY_IDLE_MS,
  CACHE_BLOBS_PREFIX,
  ENTRY_BYTES_MAX_DEFAULT,
  INLINE_BYTES_MAX,
} from '../shared/contracts/cache-limits.ts';
import { cacheEnvironmentSchema } from '../shared/contracts/environment.ts';
import { log, publishMetrics } from './log.ts';

const DAY_MS = 86_400_000;
/** Sums are brought to the table this often; a function that is ended between loses the last ones. */
const FLUSH_MS = 30_000;

export interface CacheHost {
  readonly context: CacheContext;
  /** Lambda freezes what is not awaited: called before each answer. */
  readonly settle: () => Promise<void>;
}

/** Made once, when the function starts. */
export function createCacheHost(): CacheHost {
  const environment = cacheEnvironmentSchema.parse(process.env);
  const options = readAwsOptions(process.env);
  const clock = systemClock;
  const table = createDynamoDbEntryTable(createDynamoDbClient(options), {
    tableName: environment.MITHRIL_CACHE_TABLE,
  });
  const place = { bucket: environment.MITHRIL_CACHE_BUCKET, prefix: CACHE_BLOBS_PREFIX };
  const stats = countStats(createStatsRecorder(table, clock), log);
  const running = new Set<Promise<void>>();
  let flushedMs = clock.nowMs();
  return {
    context: {
      table,
      blobs: createS3BlobStore(createS3Client(options), {
        ...place,
        bodyBytesMax: INLINE_BYTES_MAX,
      }),
      links: createS3BlobLinks(createS3LinkClient(options), place, clock),
      clock,
      log,
      audit: log,
      stats,
      settings: {
        version: process.env['AWS_LAMBDA_FUNCTION_VERSION'] ?? 'unknown',
        entryBytesMax: ENTRY_BYTES_MAX_DEFAULT,
        inlineBytesMax: INLINE_BYTES_MAX,
        bodyIdleMs: BODY_IDLE_MS,
        policyOf: (namespace) => policyOf(environment, namespace),
      },
      background: (work) => {
        const run: Promise<void> = work()
          .catch((error: unknown) => log.write('cache-background', { error: String(error) }))
          .finally(() => running.delete(run));
        running.add(run);
      },
    },
    settle: async () => {
      await Promise.all(running);
      publishMetrics();
      if (clock.nowMs() - flushedMs < FLUSH_MS) return;
      flushedMs = clock.nowMs();
      await stats.flush();
    },
  };
}

function policyOf(
  environment: ReturnType<typeof cacheEnvironmentSchema.parse>,
  namespace: string,
): NamespacePolicy {
  const own = environment.MITHRIL_CACHE_NAMESPACES[namespace];
  return {
    publicKeys: own?.publicKeys ?? [],
    quotaBytes: own?.quotaBytes ?? environment.MITHRIL_CACHE_QUOTA_BYTES,
    ttlMs: (own?.ttlDays ?? environment.MITHRIL_CACHE_TTL_DAYS) * DAY_MS,
  };
}
