import {
  type DedupClaim,
  type DedupPlan,
  type DedupRequest,
  dedupClaimSchema,
  dedupPlanSchema,
  type Place,
} from '../../contracts/dedup-job.ts';
import { claimName, dedupPlanKey } from '../../contracts/dedup-keys.ts';
import type { DedupPlanOutput } from '../../contracts/dedup-states.ts';
import { asciiJson } from '../../domain/checkpoint/ascii-json.ts';
import { settleDocument } from '../checkpoint/documents.ts';
import { logUseCase } from '../checkpoint/log-use-case.ts';
import type { DedupContext } from './context.ts';
import { refused, writeItems } from './job-documents.ts';
import { listJob } from './list-inputs.ts';

type PlanContext = Pick<DedupContext, 'objects' | 'stages' | 'clock' | 'log' | 'settings'>;

const CLAIM_BYTES_MAX = 64 * 1024;

/**
 * First state: lists the inputs, fixes their versions and the division of the work, and takes the
 * output. The same request over the same objects is the same job: it goes on with what is done.
 */
export const planDedup = (context: PlanContext, request: DedupRequest): Promise<DedupPlanOutput> =>
  logUseCase(context, 'dedup-plan', { input: request.input.prefix }, async (line) => {
    const listed = await listJob(context, request);
    if (listed.kind === 'refused') return refused(null, listed.reason);
    const { jobId } = listed.plan;
    line['jobId'] = jobId;
    line['inputs'] = listed.plan.inputs.length;
    const objection = await takeOutput(context, listed.plan);
    if (objection !== null) return refused(jobId, objection);
    const key = dedupPlanKey(jobId);
    const plan = await settleDocument(context, key, listed.plan, dedupPlanSchema);
    line['tasks'] = plan.tasks.length;
    const items = await writeItems(context, jobId, 'hash', plan.tasks.length);
    return { kind: 'planned', jobId, items };
  });

/** The output belongs to the first job that asks, and is empty before; else why not. */
async function takeOutput(context: PlanContext, plan: DedupPlan): Promise<string | null> {
  const objection = await objectionToOutput(context, plan);
  if (objection !== null) return objection;
  const { jobId, request, tasks, inputs } = plan;
  const claim: DedupClaim = { jobId, request, tasks: tasks.length, inputs: inputs.length };
  await context.objects.write(claimOf(request.output), Buffer.from(asciiJson(claim)), {
    ifAbsent: true,
    contentType: 'application/json',
  });
  // Of two jobs that came at the same time one has it.
  return objectionToOutput(context, plan);
}

const claimOf = ({ bucket, prefix }: Place) => ({ bucket, key: `${prefix}${claimName}` });

/** Why the results of this job cannot go there; nothing is written. */
export async function objectionToOutput(
  { objects }: Pick<DedupContext, 'objects'>,
  { jobId, request }: DedupPlan,
): Promise<string | null> {
  const { bucket, prefix } = request.output;
  const claim = await findClaim({ objects }, request.output);
  if (claim !== null) {
    return claim.jobId === jobId
      ? null
      : `The output s3://${bucket}/${prefix} is that of another job (${claim.jobId}): other settings, or inputs that have changed since. Choose another output.`;
  }
  const { versions } = await objects.listPage(bucket, prefix, null);
  return versions.some(({ isCurrent }) => isCurrent)
    ? `There are objects below s3://${bucket}/${prefix} already, and nothing is overwritten. Choose another output.`
    : null;
}

/** Which job an output is of. */
export async function findClaim(
  { objects }: Pick<DedupContext, 'objects'>,
  output: Place,
): Promise<DedupClaim | null> {
  const result = await objects.readAll(claimOf(output), CLAIM_BYTES_MAX);
  if (result.kind !== 'read') return null;
  return dedupClaimSchema.parse(JSON.parse(result.bytes.toString('utf8')));
}
