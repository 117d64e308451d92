import type { z } from 'zod';
import type { DedupPlan } from '../../contracts/dedup-job.ts';
import { dedupMarkerKey } from '../../contracts/dedup-keys.ts';
import { DEDUP_NAMED_MAX, DEDUP_PARTITION_RECORDS_MAX } from '../../contracts/dedup-limits.ts';
import {
  bucketSummarySchema,
  type DedupGatherOutput,
  type DedupMarker,
  type DedupStepInput,
  type DedupStitchOutput,
  gatherSummarySchema,
  hashSummarySchema,
  markerSchema,
  stitchSummarySchema,
} from '../../contracts/dedup-states.ts';
import { settleDocument } from '../checkpoint/documents.ts';
import { logUseCase } from '../checkpoint/log-use-case.ts';
import type { DedupContext } from './context.ts';
import {
  findMarker,
  readDedupPlan,
  readMarkers,
  refused,
  workObject,
  workObjects,
  writeItems,
} from './job-documents.ts';
import { StageRefusal } from './run-stage.ts';
import { summaryOf } from './stages.ts';
import { markerOf, type TaskWork } from './work-task.ts';

/** Numbers the rows of all spills; refuses broken inputs and too many rows that cannot be used. */
export const gatherDedup = (
  context: DedupContext,
  { jobId }: DedupStepInput,
): Promise<DedupGatherOutput> =>
  logUseCase(context, 'dedup-gather', { jobId }, async (line) => {
    const plan = await readDedupPlan(context, jobId);
    const marker = await settleStep(context, plan, 'gather', gatherSummarySchema, async () => {
      const hashed = await readMarkers(
        context,
        [jobId, 'hash', plan.tasks.length],
        hashSummarySchema,
      );
      refuseBroken(hashed.broken);
      return {
        call: { stage: 'gather', bucketBytes: plan.limits.bucketBytes },
        sources: workObjects(context, jobId, 'hash', plan.tasks.length),
        outputs: [{ target: workObject(context, jobId, 'gather', [0]) }],
      };
    });
    if (marker.kind === 'broken') return refused(jobId, marker.reason);
    line['rows'] = marker.summary.rows;
    const records = marker.summary.rows / plan.limits.parts;
    if (records > DEDUP_PARTITION_RECORDS_MAX) {
      const reason = `${marker.summary.rows} rows are too many for ${plan.limits.parts} partitions of a band. A set of this size belongs on EMR.`;
      return refused(jobId, reason);
    }
    const items = await writeItems(context, jobId, 'bucket', marker.summary.buckets.length);
    return { kind: 'gathered', jobId, items };
  });

/** Hangs candidates together and packs them into bins. */
export const stitchDedup = (
  context: DedupContext,
  { jobId }: DedupStepInput,
): Promise<DedupStitchOutput> =>
  logUseCase(context, 'dedup-stitch', { jobId }, async (line) => {
    const plan = await readDedupPlan(context, jobId);
    const marker = await settleStep(context, plan, 'stitch', stitchSummarySchema, async () => {
      const gathered = await summaryOf(context, [jobId, 'gather'], gatherSummarySchema);
      const { length: count } = gathered.buckets;
      const found = await readMarkers(context, [jobId, 'bucket', count], bucketSummarySchema);
      refuseBroken(found.broken);
      const { binBytes, binsMax, pairsMax } = plan.limits;
      const lengths = found.summaries.map(({ bytes }) => bytes);
      return {
        call: { stage: 'stitch', lengths, limits: { binBytes, binsMax, pairsMax } },
        sources: [
          workObject(context, jobId, 'gather', [0]),
          ...workObjects(context, jobId, 'bucket', count),
        ],
        outputs: [
          { target: workObject(context, jobId, 'stitch', [0, 0]) },
          { target: workObject(context, jobId, 'stitch', [0, 1]) },
        ],
      };
    });
    if (marker.kind === 'broken') return refused(jobId, marker.reason);
    line['candidates'] = marker.summary.candidates;
    const { bins } = marker.summary;
    const filter = await writeItems(context, jobId, 'filter', plan.inputs.length);
    if (bins === 0) return { kind: 'unique', jobId, filter };
    const shingle = await writeItems(context, jobId, 'shingle', plan.tasks.length);
    const verify = await writeItems(context, jobId, 'verify', bins);
    return { kind: 'stitched', jobId, shingle, verify, filter };
  });

function refuseBroken(broken: readonly string[]): void {
  if (broken.length === 0) return;
  const named = broken.slice(0, DEDUP_NAMED_MAX).join('; ');
  const rest = broken.length - DEDUP_NAMED_MAX;
  throw new StageRefusal(rest > 0 ? `${named}; and ${rest} more` : named);
}

/** A state that comes once: done by the first that comes to its end, like a task. */
async function settleStep<Summary>(
  context: DedupContext,
  plan: DedupPlan,
  stage: 'gather' | 'stitch',
  summary: z.ZodType<Summary>,
  workOf: () => Promise<TaskWork>,
): Promise<DedupMarker<Summary>> {
  const { jobId } = plan;
  const known = await findMarker(context, [jobId, stage, 0], summary);
  if (known !== null) return known;
  const marker = await markerOf(context, summary, async () => ({ plan, ...(await workOf()) }));
  const key = dedupMarkerKey(jobId, stage, 0);
  return settleDocument(context, key, marker, markerSchema(summary));
}
