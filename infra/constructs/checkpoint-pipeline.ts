import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CheckpointSource } from './checkpoint-source.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { Machine } from './machine.ts';
import {
  chooseByKind,
  distributedMap,
  invoke,
  type States,
  UNKNOWN_ANSWER,
  unknownAnswerState,
} from './state-language.ts';
import { Worker, type WorkerPlatform } from './worker.ts';

/** Lambda gives one vCPU at 1,769 MB. */
export const MIB_PER_VCPU = 1_769;
const SMALL_MIB = 512;
const LAMBDA_TIMEOUT_MAX = Duration.minutes(15);

export interface CheckpointPipelineProps {
  readonly platform: WorkerPlatform;
  readonly store: CheckpointStore;
  readonly source: CheckpointSource;
  readonly segmentBytes: number;
  readonly batchSegments: number;
  readonly concurrency: { readonly workers: number; readonly reserved: boolean };
}

/**
 * Plan, Encode, Commit, Verify, Publish: one execution an attempt (docs/architecture.md).
 *
 * Encode and verify are bound by the network of a Lambda (about 75 MB/s), which one vCPU
 * outruns; a second one would double the bill for no gain. Its 1,769 MB hold two segments of
 * 64 MiB in flight with their bases and their compressed form, about 0.5 GB.
 */
export class CheckpointPipeline extends Construct {
  readonly machine: Machine;
  readonly workers: Readonly<Record<string, Worker>>;

  constructor(scope: Construct, id: string, props: CheckpointPipelineProps) {
    super(scope, id);
    const steps = this.#createWorkers(props);
    this.workers = steps;
    grantRights(steps, props);
    this.machine = new Machine(this, 'Checkpoint', {
      description: 'Mithril: compresses and verifies one checkpoint',
      startAt: 'Plan',
      states: defineStates(Stack.of(this).partition, steps, props.concurrency.workers),
      workers: Object.values(steps),
      store: props.store,
      runbookSection: 'failed-executions',
    });
  }

  #createWorkers(props: CheckpointPipelineProps): Steps {
    const { platform, concurrency } = props;
    const cap = concurrency.reserved ? { reservedConcurrency: concurrency.workers } : {};
    const large = { memoryMib: MIB_PER_VCPU, timeout: LAMBDA_TIMEOUT_MAX, usesCodec: true };
    const small = { memoryMib: SMALL_MIB, timeout: Duration.minutes(1) };
    const create = (name: string, description: string, size: typeof small) =>
      new Worker(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
        platform,
        name,
        description,
        ...size,
      });
    return {
      // The header of a checkpoint may have 100 MB, and its base's too.
      plan: create('plan', 'chooses the base, cuts segments and batches', {
        ...large,
        timeout: Duration.minutes(5),
      }),
      encode: create('encode', 'compresses the segments of one batch', { ...large, ...cap }),
      commit: create('commit', 'writes the manifest', { ...large, timeout: Duration.minutes(5) }),
      verify: create('verify', 'reads segments back and compares', { ...large, ...cap }),
      publish: create('publish', 'sets the catalogue row to VERIFIED', {
        ...large,
        timeout: Duration.minutes(5),
      }),
      quarantine: create('quarantine', 'ends a checkpoint that cannot be compressed', small),
      end: create('end', 'ends a run whose original was replaced or deleted', small),
    };
  }
}

interface Steps extends Readonly<Record<string, Worker>> {
  readonly plan: Worker;
  readonly encode: Worker;
  readonly commit: Worker;
  readonly verify: Worker;
  readonly publish: Worker;
  readonly quarantine: Worker;
  readonly end: Worker;
}

/** Who may do what; test/infra holds the matrix of allowed and denied calls. */
function grantRights(steps: Steps, { store, source, ...props }: CheckpointPipelineProps): void {
  const { plan, encode, commit, verify, publish, quarantine, end } = steps;
  for (const worker of Object.values(steps)) {
    store.connect(worker);
    source.connect(worker);
  }
  for (const worker of [plan, encode, verify]) source.grantRead(worker);
  for (const worker of [plan, encode, commit, verify, publish]) store.grantRead(worker);
  for (const worker of [plan, encode, commit, verify]) store.grantWrite(worker, 'work');
  for (const worker of [encode, commit]) store.grantWrite(worker, 'checkpoints');
  store.grantCatalogueRead(plan);
  for (const worker of [publish, quarantine, end]) store.grantCatalogueWrite(worker);
  plan.setVariable('MITHRIL_SEGMENT_BYTES', String(props.segmentBytes));
  plan.setVariable('MITHRIL_BATCH_SEGMENTS', String(props.batchSegments));
}

function defineStates(partition: string, steps: Steps, concurrencyMax: number): States {
  const call = (worker: Worker, next: string, payload?: Readonly<Record<string, unknown>>) =>
    invoke({ partition, ...worker.target, next, ...(payload === undefined ? {} : { payload }) });
  const map = (label: string, worker: Worker, next: string) =>
    distributedMap({
      label,
      partition,
      items: '$.batches',
      worker: worker.target,
      concurrencyMax,
      next,
    });
  const run = { 'checkpointId.$': '$.checkpointId', 'attempt.$': '$.attempt' };
  const manifest = { 'manifestSha256.$': '$.manifestSha256' };
  const exits = { quarantine: 'Quarantine', ended: 'End' };
  return {
    Plan: call(steps.plan, 'IsPlanned'),
    IsPlanned: chooseByKind({ planned: 'Encode', ...exits }),
    Encode: map('Encode', steps.encode, 'Commit'),
    Commit: call(steps.commit, 'IsCommitted', run),
    IsCommitted: chooseByKind({ committed: 'Verify', ended: 'End' }),
    Verify: map('Verify', steps.verify, 'Publish'),
    Publish: call(steps.publish, 'IsVerified', { ...run, ...manifest }),
    IsVerified: chooseByKind({ verified: 'Done', stale: 'Done', quarantine: 'Quarantine' }),
    Quarantine: call(steps.quarantine, 'Done'),
    End: call(steps.end, 'Done'),
    Done: { Type: 'Succeed' },
    [UNKNOWN_ANSWER]: unknownAnswerState,
  };
}
