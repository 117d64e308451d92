import type { z } from 'zod';
import type { DedupPlan } from '../../contracts/dedup-job.ts';
import { type DedupStage, dedupMarkerKey } from '../../contracts/dedup-keys.ts';
import {
  type DedupMarker,
  type DedupTaskInput,
  type DedupTaskOutput,
  markerSchema,
} from '../../contracts/dedup-states.ts';
import { settleDocument } from '../checkpoint/documents.ts';
import { logUseCase } from '../checkpoint/log-use-case.ts';
import type { DedupContext } from './context.ts';
import { findMarker, readDedupPlan, specOf } from './job-documents.ts';
import { runStage, StageRefusal, type StageWork } from './run-stage.ts';

/** What a task of a stage works on; `call` is what native/minhash is told. */
export type TaskWork = Omit<StageWork, 'request'> & { readonly call: unknown };

/** How a stage of the job is done, task by task. */
export interface StageOfTasks<Summary> {
  readonly stage: DedupStage;
  readonly summary: z.ZodType<Summary>;
  /** Throws a StageRefusal where an earlier stage could not do its work. */
  readonly workOf: (context: DedupContext, plan: DedupPlan, task: number) => Promise<TaskWork>;
}

/**
 * One task of a Map. What it writes appears whole and is the same whoever writes it; the marker
 * behind it says that it is done, and a task that has one does nothing.
 */
export const workTask = <Summary>(
  { stage, summary, workOf }: StageOfTasks<Summary>,
  context: DedupContext,
  { jobId, task }: DedupTaskInput,
): Promise<DedupTaskOutput> =>
  logUseCase(context, `dedup-${stage}`, { jobId, task }, async (line) => {
    const known = await findMarker(context, [jobId, stage, task], summary);
    if (known !== null) return { kind: known.kind, task };
    const marker = await markerOf(context, summary, async () => {
      const plan = await readDedupPlan(context, jobId);
      return { plan, ...(await workOf(context, plan, task)) };
    });
    if (marker.kind === 'broken') line['reason'] = marker.reason;
    const key = dedupMarkerKey(jobId, stage, task);
    const settled = await settleDocument(context, key, marker, markerSchema(summary));
    return { kind: settled.kind, task };
  });

/** Does the work. An input that cannot be used is an outcome; everything else is a fault. */
export async function markerOf<Summary>(
  context: DedupContext,
  summary: z.ZodType<Summary>,
  workOf: () => Promise<TaskWork & { readonly plan: DedupPlan }>,
): Promise<DedupMarker<Summary>> {
  const startSeconds = context.clock.seconds();
  try {
    const { plan, call, ...work } = await workOf();
    const answer = await runStage(context, { ...work, request: { spec: specOf(plan), call } });
    const seconds = context.clock.seconds() - startSeconds;
    return { kind: 'done', seconds, summary: summary.parse(answer) };
  } catch (error) {
    if (error instanceof StageRefusal) return { kind: 'broken', reason: error.message };
    throw error;
  }
}
