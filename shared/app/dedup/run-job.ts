import { dedupRequestSchema } from '../../contracts/dedup-job.ts';
import type { DedupStage } from '../../contracts/dedup-keys.ts';
import {
  type DedupReportOutput,
  type DedupTaskInput,
  dedupTaskInputSchema,
} from '../../contracts/dedup-states.ts';
import { DOCUMENT_BYTES_MAX, WORKFLOW_TRIES_MAX } from '../../contracts/limits.ts';
import type { ObjectReference } from '../../ports/object-store.ts';
import { CheckpointFault } from '../checkpoint/checkpoint-fault.ts';
import { mapConcurrently } from '../checkpoint/map-concurrently.ts';
import type { DedupContext } from './context.ts';
import { planDedup } from './plan-job.ts';
import { reportDedup } from './report-job.ts';
import { bucketTask, filterTask, hashTask, shingleTask, verifyTask } from './stages.ts';
import { gatherDedup, stitchDedup } from './steps.ts';

/** The state machine of infra, in one process: same states, same order, same retries. */
export interface DedupHost {
  /** A fresh worker for one try of one state, as Lambda gives one. */
  worker(state: 'plan' | DedupStage): DedupContext;
  /** Map children that work at the same time. */
  readonly taskConcurrency: number;
  /** Waits before try number `tries` (from 1). */
  pause(tries: number): Promise<void>;
}

type UseCase<Input, Output> = (context: DedupContext, input: Input) => Promise<Output>;

/** As a `Workflow` adapter gets it: the input of an execution is outside data. */
export async function runDedupExecution(
  host: DedupHost,
  input: unknown,
): Promise<DedupReportOutput> {
  const request = dedupRequestSchema.parse(input);
  const planned = await runState(host, 'plan', (context) => planDedup(context, request));
  if (planned.kind === 'refused') return planned;
  const job = { jobId: planned.jobId };
  await runMap(host, 'hash', planned.items, hashTask);
  const gathered = await runState(host, 'gather', (context) => gatherDedup(context, job));
  if (gathered.kind === 'refused') return gathered;
  await runMap(host, 'bucket', gathered.items, bucketTask);
  const stitched = await runState(host, 'stitch', (context) => stitchDedup(context, job));
  if (stitched.kind === 'refused') return stitched;
  if (stitched.kind === 'stitched') {
    await runMap(host, 'shingle', stitched.shingle, shingleTask);
    await runMap(host, 'verify', stitched.verify, verifyTask);
  }
  await runMap(host, 'filter', stitched.filter, filterTask);
  return runState(host, 'report', (context) => reportDedup(context, job));
}

async function runState<Output>(
  host: DedupHost,
  name: 'plan' | DedupStage,
  state: (context: DedupContext) => Promise<Output>,
): Promise<Output> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await state(host.worker(name));
    } catch (error) {
      if (tries >= WORKFLOW_TRIES_MAX) throw error;
      await host.pause(tries);
    }
  }
}

/** A distributed map: an item reader over JSON lines, and one child a line. */
async function runMap(
  host: DedupHost,
  name: DedupStage,
  items: ObjectReference,
  task: UseCase<DedupTaskInput, unknown>,
): Promise<void> {
  const inputs = await runState(host, name, (context) => readItems(context, items));
  await mapConcurrently(inputs, host.taskConcurrency, (input) =>
    runState(host, name, (context) => task(context, input)),
  );
}

async function readItems(
  { objects }: DedupContext,
  items: ObjectReference,
): Promise<DedupTaskInput[]> {
  const result = await objects.readAll(items, DOCUMENT_BYTES_MAX);
  if (result.kind !== 'read') {
    const message = 'the list of tasks is missing';
    throw new CheckpointFault('DocumentMissing', items.key, { message, retryable: false });
  }
  const lines = result.bytes.toString('utf8').split('\n');
  const parse = (line: string) => dedupTaskInputSchema.parse(JSON.parse(line));
  return lines.filter((line) => line !== '').map(parse);
}
