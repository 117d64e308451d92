import type { DedupLimits, DedupPlan, DedupRequest } from '../../contracts/dedup-job.ts';
import {
  DEDUP_BIN_BYTES,
  DEDUP_BUCKET_BYTES,
  DEDUP_INPUTS_MAX,
  DEDUP_PAIRS_MAX,
  DEDUP_TASK_ROWS_MAX,
  DEDUP_VERIFY_BYTES,
} from '../../contracts/dedup-limits.ts';
import { dedupJobIdOf } from '../../domain/dedup/job-identity.ts';
import {
  binsMaxFor,
  isDataset,
  objectionTo,
  partsFor,
  planTasks,
  taskBytesFor,
} from '../../domain/dedup/plan-tasks.ts';
import type { DedupContext } from './context.ts';

type ListContext = Pick<DedupContext, 'objects' | 'stages' | 'settings'>;

export type ListedJob =
  | { readonly kind: 'plan'; readonly plan: DedupPlan }
  | { readonly kind: 'refused'; readonly reason: string };

/** What is below the input's prefix, and how the work on it is divided; nothing is written. */
export async function listJob(context: ListContext, request: DedupRequest): Promise<ListedJob> {
  const inputs = await listInputs(context, request);
  const sized = inputs.map(({ name, object }) => ({ name, bytes: object.bytes }));
  const objection = objectionTo(sized) ?? overlapOf(request);
  if (objection !== null) return { kind: 'refused', reason: objection };
  const taskBytes = context.settings.limits.taskBytes ?? taskBytesFor(sized);
  const tasks = planTasks(sized, taskBytes);
  const { bands } = context.stages.explainBands(request.settings);
  const limits: DedupLimits = {
    taskBytes,
    taskRowsMax: DEDUP_TASK_ROWS_MAX,
    parts: partsFor(sized, tasks.length, bands),
    bucketBytes: DEDUP_BUCKET_BYTES,
    binBytes: DEDUP_BIN_BYTES,
    binsMax: binsMaxFor(tasks.length),
    pairsMax: DEDUP_PAIRS_MAX,
    verifyBytes: DEDUP_VERIFY_BYTES,
    ...context.settings.limits,
  };
  const jobId = dedupJobIdOf(request, inputs);
  return { kind: 'plan', plan: { jobId, request, inputs, tasks: [...tasks], limits } };
}

/** In byte order of the names, as the command line sorts its files. */
async function listInputs(
  { objects }: ListContext,
  { input }: DedupRequest,
): Promise<DedupPlan['inputs']> {
  const found: DedupPlan['inputs'] = [];
  let cursor: string | null = null;
  do {
    const page = await objects.listPage(input.bucket, input.prefix, cursor);
    for (const { object, isCurrent } of page.versions) {
      const name = nameOf(object.key, input.prefix);
      if (isCurrent && isDataset(name)) found.push({ name, object });
    }
    cursor = found.length > DEDUP_INPUTS_MAX ? null : page.cursor;
  } while (cursor !== null);
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

/** The key below the folder that the prefix names or ends in. */
const nameOf = (key: string, prefix: string): string => key.slice(prefix.lastIndexOf('/') + 1);

function overlapOf({ input, output }: DedupRequest): string | null {
  const overlaps =
    input.bucket === output.bucket &&
    (output.prefix.startsWith(input.prefix) || input.prefix.startsWith(output.prefix));
  return overlaps
    ? `The output ${output.prefix} and the input ${input.prefix} overlap, so that results would be read as inputs. Choose another output.`
    : null;
}
