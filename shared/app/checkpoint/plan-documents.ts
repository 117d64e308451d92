import {
  type CheckpointPlan,
  checkpointPlanSchema,
  type Layout,
} from '../../contracts/checkpoint-documents.ts';
import { encodeBatchesKey, layoutKey, planKey, type Run } from '../../contracts/checkpoint-keys.ts';
import type { EncodeInput, PlanOutput } from '../../contracts/checkpoint-states.ts';
import { asciiJson, asciiJsonLines } from '../../domain/checkpoint/ascii-json.ts';
import { sha256Of } from '../../domain/checkpoint/identity.ts';
import { layoutOf } from '../../domain/checkpoint/regions.ts';
import { batchSpan, type SegmentBatch } from '../../domain/checkpoint/segments.ts';
import type { CheckpointContext } from './context.ts';
import { findDocument, readDocument, settleDocument, writeText } from './documents.ts';
import { mapConcurrently } from './map-concurrently.ts';

type DocumentContext = Pick<CheckpointContext, 'objects' | 'settings'>;

const LAYOUT_WRITES_CONCURRENT = 8;

export const findPlan = (context: DocumentContext, run: Run): Promise<CheckpointPlan | null> =>
  findDocument(context, planKey(run), checkpointPlanSchema);

export const readPlan = (context: DocumentContext, run: Run): Promise<CheckpointPlan> =>
  readDocument(context, planKey(run), checkpointPlanSchema);

/** Layouts are named by their content: two planners of one attempt do not meet in them. */
export const writeLayouts = (
  context: DocumentContext,
  run: Run,
  batches: readonly SegmentBatch[],
  object: { readonly bytes: number; readonly regions: Float64Array },
): Promise<CheckpointPlan['batches']> =>
  mapConcurrently(batches, LAYOUT_WRITES_CONCURRENT, async (batch) => {
    const span = batchSpan(batch, object.bytes, context.settings.segmentBytes);
    const layout: Layout = layoutOf(object.regions, span);
    const text = asciiJson(layout);
    const key = layoutKey(run, batch.batch, sha256Of(text));
    await writeText(context, key, text);
    return {
      segmentFirst: batch.segmentFirst,
      segmentCount: batch.segmentCount,
      layoutKey: key,
    };
  });

/** The first plan of an attempt wins; whoever comes second goes on with that one. */
export const writePlan = (
  context: DocumentContext,
  plan: CheckpointPlan,
): Promise<CheckpointPlan> => settleDocument(context, planKey(plan), plan, checkpointPlanSchema);

export const runOf = ({ checkpointId, attempt }: Run): Run => ({ checkpointId, attempt });

/** The lines of the map, derived from the plan alone: every planner would write the same. */
export const writeEncodeBatches = async (
  context: DocumentContext,
  plan: CheckpointPlan,
): Promise<PlanOutput> => {
  const run = runOf(plan);
  const lines = plan.batches.map(
    ({ segmentFirst, segmentCount }, batch): EncodeInput => ({
      ...run,
      batch,
      segmentFirst,
      segmentCount,
    }),
  );
  const key = encodeBatchesKey(run);
  await writeText(context, key, asciiJsonLines(lines));
  return { kind: 'planned', ...run, batches: { bucket: context.settings.storeBucket, key } };
};
