import type { VerifiedFacts } from '../../contracts/checkpoint-catalogue.ts';
import type { CheckpointPlan, WorkMetrics } from '../../contracts/checkpoint-documents.ts';
import { segmentCountOf } from '../../domain/checkpoint/segments.ts';
import { billedSeconds, costOfCheckpoint } from '../../domain/cost/checkpoint-cost.ts';
import { storageUsdPerMonth } from '../../domain/cost/prices.ts';
import type { Log } from '../../ports/log.ts';

const GIB = 1024 ** 3;

interface VerifiedWork {
  readonly plan: CheckpointPlan;
  readonly encode: WorkMetrics;
  readonly verify: WorkMetrics;
}

/** What a checkpoint that became VERIFIED adds to the metrics. */
export function countVerified(
  log: Pick<Log, 'count'>,
  { plan, encode, verify }: VerifiedWork,
  { bytesOut, depth }: VerifiedFacts,
): void {
  const { bytes } = plan.object;
  const segments = segmentCountOf(bytes, plan.segmentBytes);
  const shape = { segments, batches: plan.batches.length, hasBase: plan.base !== null };
  const seconds = billedSeconds(shape, encode, verify);
  log.count('CheckpointsVerified', 1);
  log.count('BytesIn', bytes);
  log.count('BytesOut', bytesOut);
  log.count('ChainDepth', depth);
  log.count('DollarsSpent', costOfCheckpoint({ ...shape, seconds }).usd);
  log.count('DollarsSavableMonthly', storageUsdPerMonth(bytes - bytesOut));
  if (bytes > 0) log.count('SecondsPerGiB', seconds / (bytes / GIB));
}
