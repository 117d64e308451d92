import { z } from 'zod';
import type { DedupPlan } from '../../contracts/dedup-job.ts';
import { type DedupStage, dedupMarkerKey } from '../../contracts/dedup-keys.ts';
import {
  gatherSummarySchema,
  markerSchema,
  stitchSummarySchema,
} from '../../contracts/dedup-states.ts';
import { callsOf, costOfStage, type JobDivision } from '../../domain/dedup/job-cost.ts';
import { findDocument } from '../checkpoint/documents.ts';
import { mapConcurrently } from '../checkpoint/map-concurrently.ts';
import { findMarker, type JobContext } from './job-documents.ts';

/** Stages whose tasks note their seconds; plan and report take one short call each. */
const MEASURED = ['hash', 'gather', 'bucket', 'stitch', 'shingle', 'verify', 'filter'] as const;
const MARKER_READS_CONCURRENT = 16;
const anyMarkerSchema = markerSchema(z.unknown());

export interface JobWork {
  readonly seconds: number;
  /** Estimated, from the seconds that the tasks measured. */
  readonly usd: number;
}

/** What the job took so far, by the markers of the tasks that are done. */
export async function readJobWork(context: JobContext, plan: DedupPlan): Promise<JobWork> {
  const division = await divisionOf(context, plan);
  const calls = callsOf(division);
  let [seconds, usd] = [0, 0];
  for (const stage of MEASURED) {
    const taken = await secondsOf(context, plan, stage, calls[stage]);
    seconds += taken;
    usd += costOfStage({ stage, seconds: taken }, division);
  }
  return { seconds, usd };
}

async function divisionOf(context: JobContext, plan: DedupPlan): Promise<JobDivision> {
  const { jobId } = plan;
  const gathered = await findMarker(context, [jobId, 'gather', 0], gatherSummarySchema);
  const stitched = await findMarker(context, [jobId, 'stitch', 0], stitchSummarySchema);
  return {
    inputs: plan.inputs.length,
    tasks: plan.tasks.length,
    buckets: gathered?.kind === 'done' ? gathered.summary.buckets.length : 0,
    bins: stitched?.kind === 'done' ? stitched.summary.bins : 0,
  };
}

async function secondsOf(
  context: JobContext,
  { jobId }: DedupPlan,
  stage: DedupStage,
  count: number,
): Promise<number> {
  const tasks = Array.from({ length: count }, (_, task) => task);
  const markers = await mapConcurrently(tasks, MARKER_READS_CONCURRENT, (task) =>
    findDocument(context, dedupMarkerKey(jobId, stage, task), anyMarkerSchema),
  );
  return markers.reduce((sum, it) => sum + (it?.kind === 'done' ? it.seconds : 0), 0);
}
