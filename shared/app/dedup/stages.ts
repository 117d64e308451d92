import type { z } from 'zod';
import type { Sha256 } from '../../contracts/brands.ts';
import type { DedupPlan } from '../../contracts/dedup-job.ts';
import { type DedupStage, rejectedName, reportName } from '../../contracts/dedup-keys.ts';
import {
  bucketSummarySchema,
  type DedupTaskInput,
  type DedupTaskOutput,
  filterSummarySchema,
  gatherSummarySchema,
  hashSummarySchema,
  shingleSummarySchema,
  stitchSummarySchema,
  verifySummarySchema,
} from '../../contracts/dedup-states.ts';
import type { DedupContext } from './context.ts';
import {
  findMarker,
  inputObject,
  type JobContext,
  readMarkers,
  workObject,
  workObjects,
} from './job-documents.ts';
import { StageRefusal } from './run-stage.ts';
import { type StageOfTasks, workTask } from './work-task.ts';

type UseCase = (context: DedupContext, input: DedupTaskInput) => Promise<DedupTaskOutput>;

/** Reads every row of a task once. */
export const hashTask: UseCase = (context, input) => workTask(hash, context, input);
/** Finds the rows that share a key, in some partitions of all spills. */
export const bucketTask: UseCase = (context, input) => workTask(bucket, context, input);
/** Reads the wanted rows of a task again. */
export const shingleTask: UseCase = (context, input) => workTask(shingle, context, input);
/** Compares the pairs of a bin exactly, and decides. */
export const verifyTask: UseCase = (context, input) => workTask(verify, context, input);
/** Writes what is kept of an input. */
export const filterTask: UseCase = (context, input) => workTask(filter, context, input);

const hash: StageOfTasks<z.infer<typeof hashSummarySchema>> = {
  stage: 'hash',
  summary: hashSummarySchema,
  workOf: async (context, plan, task) => ({
    call: { stage: 'hash', task, rowsMax: plan.limits.taskRowsMax },
    sources: [inputOf(plan, task)],
    outputs: [{ target: workObject(context, plan.jobId, 'hash', [task]) }],
  }),
};

const bucket: StageOfTasks<z.infer<typeof bucketSummarySchema>> = {
  stage: 'bucket',
  summary: bucketSummarySchema,
  workOf: async (context, plan, task) => {
    const { jobId, tasks } = plan;
    const { buckets } = await summaryOf(context, [jobId, 'gather'], gatherSummarySchema);
    return {
      call: { stage: 'bucket', partitions: buckets[task] },
      sources: [
        workObject(context, jobId, 'gather', [0]),
        ...workObjects(context, jobId, 'hash', tasks.length),
      ],
      outputs: [{ target: workObject(context, jobId, 'bucket', [task]) }],
    };
  },
};

const shingle: StageOfTasks<z.infer<typeof shingleSummarySchema>> = {
  stage: 'shingle',
  summary: shingleSummarySchema,
  workOf: async (context, plan, task) => {
    const { jobId } = plan;
    const { bins } = await summaryOf(context, [jobId, 'stitch'], stitchSummarySchema);
    return {
      call: { stage: 'shingle', task, bins },
      sources: [
        inputOf(plan, task),
        workObject(context, jobId, 'gather', [0]),
        workObject(context, jobId, 'hash', [task]),
        workObject(context, jobId, 'stitch', [0, 1]),
      ],
      outputs: [{ target: workObject(context, jobId, 'shingle', [task]) }],
    };
  },
};

const verify: StageOfTasks<z.infer<typeof verifySummarySchema>> = {
  stage: 'verify',
  summary: verifySummarySchema,
  workOf: async (context, plan, task) => {
    const { jobId, tasks, limits } = plan;
    await requireDone(context, [jobId, 'shingle', tasks.length], shingleSummarySchema);
    return {
      call: { stage: 'verify', bin: task, memory: limits.verifyBytes },
      sources: [
        workObject(context, jobId, 'gather', [0]),
        workObject(context, jobId, 'stitch', [0]),
        ...workObjects(context, jobId, 'shingle', tasks.length),
      ],
      outputs: [{ target: workObject(context, jobId, 'verify', [task]) }],
    };
  },
};

const filter: StageOfTasks<z.infer<typeof filterSummarySchema>> = {
  stage: 'filter',
  summary: filterSummarySchema,
  workOf: async (context, plan, file) => {
    const { jobId, tasks, request } = plan;
    const { bins } = await summaryOf(context, [jobId, 'stitch'], stitchSummarySchema);
    await requireDone(context, [jobId, 'verify', bins], verifySummarySchema);
    const name = plan.inputs[file]?.name ?? '';
    const target = (key: string) => ({
      bucket: request.output.bucket,
      key: `${request.output.prefix}${key}`,
    });
    const spills = tasks.flatMap((task, number) =>
      task.file === file ? [workObject(context, jobId, 'hash', [number])] : [],
    );
    return {
      call: { stage: 'filter', file, bins },
      sources: [
        inputObject(plan, file),
        workObject(context, jobId, 'gather', [0]),
        ...spills,
        ...workObjects(context, jobId, 'verify', bins),
      ],
      outputs: [
        { target: target(name) },
        { target: target(reportName(name)), isOptional: true },
        { target: target(rejectedName(name)), isOptional: true },
      ],
    };
  },
};

function inputOf(plan: DedupPlan, task: number) {
  return inputObject(plan, plan.tasks[task]?.file ?? -1);
}

/** What a state that comes once has found; refused where it could not. */
export async function summaryOf<Summary>(
  context: JobContext,
  [jobId, stage]: readonly [Sha256, 'gather' | 'stitch'],
  schema: z.ZodType<Summary>,
): Promise<Summary> {
  const marker = await findMarker(context, [jobId, stage, 0], schema);
  if (marker?.kind === 'done') return marker.summary;
  throw new StageRefusal(marker?.reason ?? `the stage ${stage} has not been done`);
}

/** Refuses to go on where tasks of the Map before could not be done. */
async function requireDone<Summary>(
  context: JobContext,
  [jobId, stage, count]: readonly [Sha256, DedupStage, number],
  schema: z.ZodType<Summary>,
): Promise<void> {
  const { broken } = await readMarkers(context, [jobId, stage, count], schema);
  if (broken[0] !== undefined) throw new StageRefusal(broken[0]);
}
