import type { Sha256 } from '../../contracts/brands.ts';
import type { DedupPlan, DedupRequest } from '../../contracts/dedup-job.ts';
import { totalsName } from '../../contracts/dedup-keys.ts';
import { DEDUP_ATTEMPTS_MAX } from '../../contracts/dedup-limits.ts';
import { dedupExecutionName } from '../../domain/dedup/job-identity.ts';
import type { Workflow } from '../../ports/workflow.ts';
import { CheckpointFault } from '../checkpoint/checkpoint-fault.ts';
import type { DedupContext } from './context.ts';
import { listJob } from './list-inputs.ts';
import { objectionToOutput } from './plan-job.ts';

type SubmitContext = Pick<DedupContext, 'objects' | 'stages' | 'settings'> & {
  readonly workflow: Workflow;
};

export type Submission =
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      /** `finished`: an earlier attempt did all of it. */
      readonly kind: 'started' | 'running' | 'finished';
      readonly attempt: number;
      readonly plan: DedupPlan;
    };

/**
 * Starts a job, once: the same request over the same objects is the same job. One that runs is left
 * alone; one that failed goes on as a new attempt from what is marked done.
 */
export async function submitDedup(
  context: SubmitContext,
  request: DedupRequest,
): Promise<Submission> {
  const listed = await listJob(context, request);
  if (listed.kind === 'refused') return listed;
  const { plan } = listed;
  const objection = await objectionToOutput(context, plan);
  if (objection !== null) return { kind: 'refused', reason: objection };
  for (let attempt = 1; attempt <= DEDUP_ATTEMPTS_MAX; attempt += 1) {
    const kind = await startAttempt(context, request, plan.jobId, attempt);
    if (kind !== 'ended') return { kind, attempt, plan };
  }
  const message = `${DEDUP_ATTEMPTS_MAX} attempts have ended already`;
  throw new CheckpointFault('InputUnsupported', plan.jobId, { message, retryable: false });
}

async function startAttempt(
  context: SubmitContext,
  request: DedupRequest,
  jobId: Sha256,
  attempt: number,
): Promise<'started' | 'running' | 'finished' | 'ended'> {
  const name = dedupExecutionName(jobId, attempt);
  if ((await context.workflow.start(name, request)).kind === 'started') return 'started';
  const status = await context.workflow.status(name);
  if (status.kind === 'running') return 'running';
  if (status.kind !== 'succeeded') return 'ended';
  // A job that was refused has ended, too, but has no totals.
  const { bucket, prefix } = request.output;
  const head = await context.objects.head({ bucket, key: `${prefix}${totalsName}` });
  return head.kind === 'found' ? 'finished' : 'ended';
}
