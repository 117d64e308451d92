import type { z } from 'zod';
import {
  type EncodeInput,
  encodeInputSchema,
  type PlanInput,
  planInputSchema,
  type VerifyInput,
  verifyInputSchema,
} from '../../contracts/checkpoint-states.ts';
import { DOCUMENT_BYTES_MAX, WORKFLOW_TRIES_MAX } from '../../contracts/limits.ts';
import {
  type RestoreFinishOutput,
  type RestoreInput,
  restorePartInputSchema,
} from '../../contracts/restore-states.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import { commitCheckpoint } from './commit-checkpoint.ts';
import type { CheckpointContext } from './context.ts';
import { encodeBatch } from './encode-batch.ts';
import { endCheckpoint } from './end-checkpoint.ts';
import { finishRestore } from './finish-restore.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { planCheckpoint } from './plan-checkpoint.ts';
import { planRestore } from './plan-restore.ts';
import { publishCheckpoint } from './publish-checkpoint.ts';
import { quarantineCheckpoint } from './quarantine-checkpoint.ts';
import { restorePart } from './restore-part.ts';
import { verifyBatch } from './verify-batch.ts';

export type StateName =
  | 'plan'
  | 'encode'
  | 'commit'
  | 'verify'
  | 'publish'
  | 'quarantine'
  | 'end'
  | 'restore-plan'
  | 'restore-part'
  | 'restore-finish';

/** The state machines of infra, in one process: same states, same order, same retries. */
export interface WorkflowHost {
  /** A fresh worker for one try of one state, as Lambda gives one. */
  worker(state: StateName): CheckpointContext;
  /** Map children that work at the same time. */
  readonly batchConcurrency: number;
  /** Waits before try number `tries` (from 1). */
  pause(tries: number): Promise<void>;
}

/** Runs one state; what is thrown is tried again in a fresh worker, as Step Functions retries. */
const runState = async <Output>(
  host: WorkflowHost,
  name: StateName,
  state: (context: CheckpointContext) => Promise<Output>,
): Promise<Output> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await state(host.worker(name));
    } catch (error) {
      if (tries >= WORKFLOW_TRIES_MAX) {
        throw error;
      }
      await host.pause(tries);
    }
  }
};

const readLines = async <Schema extends z.ZodType>(
  context: CheckpointContext,
  location: { readonly bucket: string; readonly key: string },
  schema: Schema,
): Promise<z.infer<Schema>[]> => {
  const result = await context.objects.readAll(location, DOCUMENT_BYTES_MAX);
  if (result.kind !== 'read') {
    throw new CheckpointFault('DocumentMissing', location.key, {
      message: 'the list of batches is missing',
      retryable: false,
    });
  }
  const lines = result.bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => schema.parse(JSON.parse(line)));
};

/** A distributed map: an item reader over JSON lines, and one child a line. */
const runMap = async <Schema extends z.ZodType>(
  host: WorkflowHost,
  name: StateName,
  location: { readonly bucket: string; readonly key: string },
  schema: Schema,
  state: (context: CheckpointContext, input: z.infer<Schema>) => Promise<unknown>,
): Promise<void> => {
  const inputs = await runState(host, name, (context) => readLines(context, location, schema));
  await mapConcurrently(inputs, host.batchConcurrency, async (input) => {
    await runState(host, name, (context) => state(context, input));
  });
};

const encodeAll = (
  host: WorkflowHost,
  batches: { readonly bucket: string; readonly key: string },
): Promise<void> =>
  runMap(host, 'encode', batches, encodeInputSchema, (context, input: EncodeInput) =>
    encodeBatch(context, input),
  );

const verifyAll = (
  host: WorkflowHost,
  batches: { readonly bucket: string; readonly key: string },
): Promise<void> =>
  runMap(host, 'verify', batches, verifyInputSchema, (context, input: VerifyInput) =>
    verifyBatch(context, input),
  );

/** Plan, Encode (map), Commit, Verify (map), Publish; a result may lead to End or Quarantine. */
export const runCheckpointWorkflow = async (
  host: WorkflowHost,
  input: PlanInput,
): Promise<void> => {
  const planned = await runState(host, 'plan', (context) => planCheckpoint(context, input));
  if (planned.kind === 'ended') {
    await runState(host, 'end', (context) => endCheckpoint(context, planned));
    return;
  }
  if (planned.kind === 'quarantine') {
    await runState(host, 'quarantine', (context) => quarantineCheckpoint(context, planned));
    return;
  }
  await encodeAll(host, planned.batches);
  const { checkpointId, attempt } = planned;
  const committed = await runState(host, 'commit', (context) =>
    commitCheckpoint(context, { checkpointId, attempt }),
  );
  if (committed.kind === 'ended') {
    await runState(host, 'end', (context) => endCheckpoint(context, committed));
    return;
  }
  await verifyAll(host, committed.batches);
  const { manifestSha256 } = committed;
  const published = await runState(host, 'publish', (context) =>
    publishCheckpoint(context, { checkpointId, attempt, manifestSha256 }),
  );
  if (published.kind === 'quarantine') {
    await runState(host, 'quarantine', (context) => quarantineCheckpoint(context, published));
  } else if (published.kind === 'ended') {
    await runState(host, 'end', (context) => endCheckpoint(context, published));
  }
};

/** As a `Workflow` adapter gets it: the input of an execution is outside data. */
export const runCheckpointExecution = (host: WorkflowHost, input: unknown): Promise<void> =>
  runCheckpointWorkflow(host, planInputSchema.parse(input));

/** Plan, Part (map), Finish. */
export const runRestoreWorkflow = async (
  host: WorkflowHost,
  input: RestoreInput,
): Promise<RestoreFinishOutput> => {
  const planned = await runState(host, 'restore-plan', (context) => planRestore(context, input));
  if (planned.kind !== 'planned') {
    return planned;
  }
  await runMap(host, 'restore-part', planned.parts, restorePartInputSchema, (context, part) =>
    restorePart(context, part),
  );
  const { restoreId } = planned;
  return runState(host, 'restore-finish', (context) => finishRestore(context, { restoreId }));
};
