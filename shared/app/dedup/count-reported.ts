import type { DedupPlan } from '../../contracts/dedup-job.ts';
import { dedupPlanKey } from '../../contracts/dedup-keys.ts';
import type { DedupTotals } from '../../contracts/dedup-states.ts';
import type { DedupContext } from './context.ts';
import { readJobWork } from './job-work.ts';

/** What a finished job adds to the metrics. Its time counts from the plan of its first attempt. */
export async function countReported(
  context: Pick<DedupContext, 'objects' | 'clock' | 'log' | 'settings'>,
  plan: DedupPlan,
  { total, duplicates }: DedupTotals,
): Promise<void> {
  const { objects, clock, log, settings } = context;
  const head = await objects.head({ bucket: settings.storeBucket, key: dedupPlanKey(plan.jobId) });
  const startedMs = head.kind === 'found' ? head.head.object.lastModifiedMs : clock.nowMs();
  const seconds = (clock.nowMs() - startedMs) / 1_000;
  const { usd } = await readJobWork(context, plan);
  log.count('Documents', total.rows);
  log.count('DuplicateDocuments', duplicates);
  log.count('DollarsSpent', usd);
  if (seconds > 0) log.count('DocumentsPerSecond', total.rows / seconds);
}
