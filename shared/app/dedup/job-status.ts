import type { Sha256 } from '../../contracts/brands.ts';
import type { DedupClaim, Place } from '../../contracts/dedup-job.ts';
import {
  DEDUP_STAGES,
  type DedupStage,
  dedupMarkerPrefix,
  totalsName,
} from '../../contracts/dedup-keys.ts';
import { DEDUP_ATTEMPTS_MAX } from '../../contracts/dedup-limits.ts';
import {
  type DedupTotals,
  dedupTotalsSchema,
  gatherSummarySchema,
  stitchSummarySchema,
} from '../../contracts/dedup-states.ts';
import { DOCUMENT_BYTES_MAX } from '../../contracts/limits.ts';
import { dedupExecutionName } from '../../domain/dedup/job-identity.ts';
import type { RunStatus, Workflow } from '../../ports/workflow.ts';
import type { DedupContext } from './context.ts';
import { findMarker } from './job-documents.ts';
import { findClaim } from './plan-job.ts';

type StatusContext = Pick<DedupContext, 'objects' | 'settings'> & { readonly workflow: Workflow };

export interface StageProgress {
  readonly stage: DedupStage;
  readonly done: number;
  /** null: not known before the stages in front of it are done. */
  readonly total: number | null;
}

export interface JobStatus {
  readonly claim: DedupClaim;
  readonly stages: readonly StageProgress[];
  /** The latest attempt that was started by name; 0: none. */
  readonly attempt: number;
  readonly execution: RunStatus;
  /** Why the job cannot be done, where a stage said so. */
  readonly refusal: string | null;
  readonly totals: DedupTotals | null;
}

/** How far the job of an output is; null: no job has taken it. */
export async function readJobStatus(
  context: StatusContext,
  { bucket, prefix }: Place,
): Promise<JobStatus | null> {
  const claim = await findClaim(context, { bucket, prefix });
  if (claim === null) return null;
  const gathered = await findMarker(context, [claim.jobId, 'gather', 0], gatherSummarySchema);
  const stitched = await findMarker(context, [claim.jobId, 'stitch', 0], stitchSummarySchema);
  const totals = await findTotals(context, { bucket, prefix });
  const buckets = gathered?.kind === 'done' ? gathered.summary.buckets.length : null;
  const bins = stitched?.kind === 'done' ? stitched.summary.bins : null;
  const totalOf: Readonly<Record<DedupStage, number | null>> = {
    hash: claim.tasks,
    gather: 1,
    bucket: buckets,
    stitch: 1,
    shingle: bins === 0 ? 0 : claim.tasks,
    verify: bins,
    filter: claim.inputs,
    report: 1,
  };
  const stages: StageProgress[] = [];
  for (const stage of DEDUP_STAGES) {
    const isReported = totals !== null ? 1 : 0;
    const done = stage === 'report' ? isReported : await countDone(context, claim.jobId, stage);
    stages.push({ stage, done, total: totalOf[stage] });
  }
  const refusals = [gathered, stitched].flatMap((it) => (it?.kind === 'broken' ? [it.reason] : []));
  return {
    claim,
    stages,
    ...(await latestAttempt(context, claim.jobId)),
    refusal: refusals[0] ?? null,
    totals,
  };
}

async function findTotals(
  { objects }: StatusContext,
  { bucket, prefix }: Place,
): Promise<DedupTotals | null> {
  const key = `${prefix}${totalsName}`;
  const result = await objects.readAll({ bucket, key }, DOCUMENT_BYTES_MAX);
  if (result.kind !== 'read') return null;
  return dedupTotalsSchema.parse(JSON.parse(result.bytes.toString('utf8')));
}

async function countDone(
  { objects, settings }: StatusContext,
  jobId: Sha256,
  stage: DedupStage,
): Promise<number> {
  const prefix = dedupMarkerPrefix(jobId, stage);
  let count = 0;
  let cursor: string | null = null;
  do {
    const page = await objects.listPage(settings.storeBucket, prefix, cursor);
    count += page.versions.filter(({ isCurrent }) => isCurrent).length;
    cursor = page.cursor;
  } while (cursor !== null);
  return count;
}

async function latestAttempt(
  { workflow }: StatusContext,
  jobId: Sha256,
): Promise<{ readonly attempt: number; readonly execution: RunStatus }> {
  let execution: RunStatus = { kind: 'absent' };
  for (let attempt = 1; attempt <= DEDUP_ATTEMPTS_MAX; attempt += 1) {
    const status = await workflow.status(dedupExecutionName(jobId, attempt));
    if (status.kind === 'absent') return { attempt: attempt - 1, execution };
    execution = status;
  }
  return { attempt: DEDUP_ATTEMPTS_MAX, execution };
}
