import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DEDUP_STAGE_MIB, type WorkStage } from '../../shared/contracts/dedup-limits.ts';
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

  #createWorkers(): DedupSteps {
    const create = (name: WorkStage, description: string, timeout = LONG) =>
      new Worker(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
        platform: this.#props.platform,
        name: `dedup-${name}`,
        description,
        memoryMib: DEDUP_STAGE_MIB[name],
        timeout,
        layers: ['dedup'],
      });
    return {
      plan: create('plan', 'lists the inputs and divides the work', Duration.minutes(5)),
      hash: create('hash', 'reads and hashes the rows of one task'),
      gather: create('gather', 'numbers the rows of all tasks'),
      bucket: create('bucket', 'finds rows that share a key'),
      stitch: create('stitch', 'packs what hangs together into bins'),
      shingle: create('shingle', 'reads candidates again'),
      verify: create('verify', 'compares the pairs of one bin'),
      filter: create('filter', 'writes what is kept of one input'),
      report: create('report', 'checks the counts and writes the totals'),
    };
  }
}
