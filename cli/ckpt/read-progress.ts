import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import { findDocument } from '../../shared/app/checkpoint/documents.ts';
import {
  type CheckpointPlan,
  checkpointPlanSchema,
} from '../../shared/contracts/checkpoint-documents.ts';
import {
  encodeBatchesKey,
  planKey,
  type Run,
  verifyBatchesKey,
} from '../../shared/contracts/checkpoint-keys.ts';
import { segmentCountOf } from '../../shared/domain/checkpoint/segments.ts';

/** States of the pipeline in their order; `start` is the time until the row is there. */
export const STAGES = ['start', 'plan', 'encode', 'commit', 'verify', 'publish'] as const;
export type Stage = (typeof STAGES)[number];

export interface Progress {
  /** The stage that is being worked on. */
  readonly stage: Stage;
  /** Segments while encoding, batches while verifying. */
  readonly done: number;
  readonly total: number;
  readonly plan: CheckpointPlan | null;
}

type ProgressContext = Pick<CheckpointContext, 'objects' | 'settings'>;

/** How far a run is, from the documents that its states have written. */
export async function readProgress(context: ProgressContext, run: Run): Promise<Progress> {
  const names = await listWork(context, run);
  const plan = names.has('plan.json')
    ? await findDocument(context, planKey(run), checkpointPlanSchema)
    : null;
  if (plan === null || !names.has(nameOf(encodeBatchesKey(run)))) {
    return { stage: 'plan', done: 0, total: 1, plan };
  }
  const batches = plan.batches.length;
  const segments = segmentCountOf(plan.object.bytes, plan.segmentBytes);
  if (count(names, /^encode-\d+\.json$/u) < batches) {
    return { stage: 'encode', done: count(names, /^segment-\d+\.json$/u), total: segments, plan };
  }
  if (!names.has(nameOf(verifyBatchesKey(run))))
    return { stage: 'commit', done: 0, total: 1, plan };
  const verified = count(names, /^verify-\d+\.json$/u);
  return { stage: verified < batches ? 'verify' : 'publish', done: verified, total: batches, plan };
}

const count = (names: ReadonlySet<string>, pattern: RegExp): number =>
  [...names].filter((name) => pattern.test(name)).length;

const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

async function listWork(context: ProgressContext, run: Run): Promise<ReadonlySet<string>> {
  const key = planKey(run);
  const prefix = key.slice(0, key.lastIndexOf('/') + 1);
  const names = new Set<string>();
  for (let cursor: string | null = null; ; ) {
    const page = await context.objects.listPage(context.settings.storeBucket, prefix, cursor);
    for (const { object } of page.versions) names.add(nameOf(object.key));
    cursor = page.cursor;
    if (cursor === null) return names;
  }
}
