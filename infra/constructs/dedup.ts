import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { LAMBDA_MIB_PER_VCPU } from '../../shared/contracts/limits.ts';
import type { MithrilConfig } from '../config-schema.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { grantDedupRights } from './dedup-rights.ts';
import { type DedupSteps, defineDedupStates } from './dedup-states.ts';
import { Machine } from './machine.ts';
import { Worker, type WorkerPlatform } from './worker.ts';

export interface DedupProps {
  readonly platform: WorkerPlatform;
  readonly store: CheckpointStore;
  readonly dedup: MithrilConfig['dedup'];
  readonly kmsKeyArn: string | undefined;
  readonly workers: number;
}

const LAMBDA_MIB_MAX = 10_240;
const LONG = Duration.minutes(15);

/** Deduplicates the objects below a prefix; started by hand, by the command line or from code. */
export class Dedup extends Construct {
  readonly machine: Machine;
  readonly workers: readonly Worker[];

  readonly #props: DedupProps;

  constructor(scope: Construct, id: string, props: DedupProps) {
    super(scope, id);
    this.#props = props;
    const steps = this.#createWorkers();
    this.workers = Object.values(steps);
    grantDedupRights(this, steps, props);
    const { taskBytes } = props.dedup;
    if (taskBytes !== undefined) {
      steps.plan.setVariable('MITHRIL_DEDUP_TASK_BYTES', String(taskBytes));
    }
    this.machine = new Machine(this, 'Dedup', {
      description: 'Mithril: deduplicates the objects below a prefix',
      startAt: 'Plan',
      states: defineDedupStates(Stack.of(this).partition, steps, props.workers),
      workers: this.workers,
      store: props.store,
      runbookSection: 'failed-dedup-jobs',
    });
  }

  /**
   * Two vCPU where texts are hashed, one for the engine's thread and one for the transfer; stitch
   * holds the pairs of the whole job.
   */
  #createWorkers(): DedupSteps {
    const create = (name: string, description: string, memoryMib: number, timeout = LONG) =>
      new Worker(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
        platform: this.#props.platform,
        name: `dedup-${name}`,
        description,
        memoryMib,
        timeout,
        layers: ['dedup'],
      });
    const [one, two] = [LAMBDA_MIB_PER_VCPU, 2 * LAMBDA_MIB_PER_VCPU];
    return {
      plan: create('plan', 'lists the inputs and divides the work', one, Duration.minutes(5)),
      hash: create('hash', 'reads and hashes the rows of one task', two),
      gather: create('gather', 'numbers the rows of all tasks', one),
      bucket: create('bucket', 'finds rows that share a key', two),
      stitch: create('stitch', 'packs what hangs together into bins', LAMBDA_MIB_MAX),
      shingle: create('shingle', 'reads candidates again', two),
      verify: create('verify', 'compares the pairs of one bin', two),
      filter: create('filter', 'writes what is kept of one input', two),
      report: create('report', 'checks the counts and writes the totals', one),
    };
  }
}
