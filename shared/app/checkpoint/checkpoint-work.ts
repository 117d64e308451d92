import type { CheckpointId } from '../../contracts/brands.ts';
import type { CheckpointRow } from '../../contracts/checkpoint-catalogue.ts';
import {
  type CheckpointPlan,
  checkpointPlanSchema,
  encodeResultSchema,
  verifyResultSchema,
  type WorkMetrics,
} from '../../contracts/checkpoint-documents.ts';
import {
  encodeResultKey,
  planKey,
  type Run,
  verifyResultKey,
} from '../../contracts/checkpoint-keys.ts';
import { BATCH_SEGMENTS_DEFAULT, SEGMENT_BYTES_DEFAULT } from '../../contracts/limits.ts';
import { segmentCountOf } from '../../domain/checkpoint/segments.ts';
import { sumMetrics } from '../../domain/checkpoint/work-metrics.ts';
import {
  billedSeconds,
  type CheckpointWork,
  modelledSeconds,
} from '../../domain/cost/checkpoint-cost.ts';
import type { CheckpointContext } from './context.ts';
import { findDocument } from './documents.ts';
import { mapConcurrently } from './map-concurrently.ts';

type WorkContext = Pick<CheckpointContext, 'objects' | 'settings'>;

export interface KnownWork extends CheckpointWork {
  /** `modelled`: the work documents, which live 14 days, are gone. */
  readonly basis: 'measured' | 'modelled';
}

const RESULT_READS_CONCURRENT = 16;

/** What a verified checkpoint took, by what its workers measured; null: it is not verified. */
export async function readCheckpointWork(
  context: WorkContext,
  checkpointId: CheckpointId,
  row: CheckpointRow,
): Promise<KnownWork | null> {
  if (row.verified === null) return null;
  const run = { checkpointId, attempt: row.attempt };
  const plan = await findDocument(context, planKey(run), checkpointPlanSchema);
  const measured = plan === null ? null : await readMeasured(context, run, plan);
  return measured ?? modelWork(row, row.verified);
}

async function readMeasured(
  context: WorkContext,
  run: Run,
  plan: CheckpointPlan,
): Promise<KnownWork | null> {
  const results = await mapConcurrently(
    plan.batches,
    RESULT_READS_CONCURRENT,
    async (_, batch) => ({
      encoded: await findDocument(context, encodeResultKey(run, batch), encodeResultSchema),
      verified: await findDocument(context, verifyResultKey(run, batch), verifyResultSchema),
    }),
  );
  const encode: WorkMetrics[] = [];
  const verify: WorkMetrics[] = [];
  for (const { encoded, verified } of results) {
    if (encoded?.kind !== 'encoded' || verified?.kind !== 'verified') return null;
    encode.push(encoded.metrics);
    verify.push(verified.metrics);
  }
  const shape = {
    segments: segmentCountOf(plan.object.bytes, plan.segmentBytes),
    batches: plan.batches.length,
    hasBase: plan.base !== null,
  };
  const seconds = billedSeconds(shape, sumMetrics(encode), sumMetrics(verify));
  return { ...shape, seconds, basis: 'measured' };
}

function modelWork(
  { object }: CheckpointRow,
  facts: NonNullable<CheckpointRow['verified']>,
): KnownWork {
  const segments = segmentCountOf(object.bytes, SEGMENT_BYTES_DEFAULT);
  return {
    segments,
    batches: Math.max(1, Math.ceil(segments / BATCH_SEGMENTS_DEFAULT)),
    hasBase: facts.base !== null,
    seconds: modelledSeconds(facts),
    basis: 'modelled',
  };
}
