import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { LAMBDA_MIB_PER_VCPU } from '../../shared/contracts/limits.ts';
import type { CheckpointSource } from './checkpoint-source.ts';
import { type CheckpointSteps, defineCheckpointStates } from './checkpoint-states.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { Machine } from './machine.ts';
import { type LayerName, Worker, type WorkerPlatform } from './worker.ts';

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

  readonly #props: CheckpointPipelineProps;

  constructor(scope: Construct, id: string, props: CheckpointPipelineProps) {
    super(scope, id);
    this.#props = props;
    const steps = this.#createWorkers(props);
    grantRights(steps, props);
    this.machine = new Machine(this, 'Checkpoint', {
      description: 'Mithril: compresses and verifies one checkpoint',
      startAt: 'Plan',
      states: defineCheckpointStates(Stack.of(this).partition, steps, props.concurrency.workers),
      workers: Object.values(steps),
      store: props.store,
      runbookSection: 'failed-executions',
    });
  }

  /** To start executions, and to keep the catalogue row that names the attempt. */
  grantStart(worker: Worker): void {
    this.#props.store.connect(worker);
    this.#props.source.connect(worker);
    this.#props.store.grantCatalogueWrite(worker);
    this.#props.source.grantRead(worker);
    this.machine.grantStart(worker);
  }

  #createWorkers(props: CheckpointPipelineProps): CheckpointSteps {
    const { platform, concurrency } = props;
    const cap = concurrency.reserved ? { reservedConcurrency: concurrency.workers } : {};
    // Each of these reads the plan, which is kept as a zstd frame.
    const layers: readonly LayerName[] = ['native', 'zstd'];
    const large = { memoryMib: LAMBDA_MIB_PER_VCPU, timeout: LAMBDA_TIMEOUT_MAX, layers };
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

/** Who may do what; test/infra holds the matrix of allowed and denied calls. */
function grantRights(
  steps: CheckpointSteps,
  { store, source, ...props }: CheckpointPipelineProps,
): void {
  const { plan, encode, commit, verify, publish, quarantine, end } = steps;
  for (const worker of Object.values(steps)) {
    store.connect(worker);
    source.connect(worker);
  }
  for (const worker of [plan, encode, verify]) source.grantRead(worker);
  for (const worker of [plan, encode, commit, verify, publish]) store.grantRead(worker);
  for (const worker of [plan, encode, commit, verify]) store.grantWrite(worker, 'work');
  for (const worker of [encode, commit]) store.grantWrite(worker, 'checkpoints');
  store.grantCatalogueRead(plan, 'row');
  store.grantCatalogueRead(plan, 'series');
  for (const worker of [publish, quarantine, end]) store.grantCatalogueWrite(worker);
  plan.setVariable('MITHRIL_SEGMENT_BYTES', String(props.segmentBytes));
  plan.setVariable('MITHRIL_BATCH_SEGMENTS', String(props.batchSegments));
}
