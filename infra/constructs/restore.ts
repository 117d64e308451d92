import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { RESTORED_PREFIX_DEFAULT } from '../../shared/contracts/checkpoint-keys.ts';
import type { MithrilConfig } from '../config-schema.ts';
import { MIB_PER_VCPU } from './checkpoint-pipeline.ts';
import type { CheckpointSource } from './checkpoint-source.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { grantKey } from './encryption.ts';
import { Machine } from './machine.ts';
import {
  chooseByKind,
  distributedMap,
  invoke,
  UNKNOWN_ANSWER,
  unknownAnswerState,
} from './state-language.ts';
import { Worker, type WorkerPlatform } from './worker.ts';

export interface RestoreProps {
  readonly platform: WorkerPlatform;
  readonly store: CheckpointStore;
  readonly source: CheckpointSource;
  readonly targets: MithrilConfig['restoreTargets'];
  readonly kmsKeyArn: string | undefined;
  readonly workers: number;
}

/** Writes the original bytes of a verified checkpoint to a key that does not exist yet. */
export class Restore extends Construct {
  readonly machine: Machine;
  readonly workers: readonly Worker[];

  constructor(scope: Construct, id: string, props: RestoreProps) {
    super(scope, id);
    const plan = this.#createWorker(props, 'restore-plan', 'lists the parts of a restore', 5);
    const part = this.#createWorker(props, 'restore-part', 'decodes and uploads one part', 15);
    const finish = this.#createWorker(props, 'restore-finish', 'completes the upload', 5);
    this.workers = [plan, part, finish];
    for (const worker of this.workers) this.#grant(worker, props);
    props.store.grantCatalogueRead(plan);
    const { partition } = Stack.of(this);
    this.machine = new Machine(this, 'Restore', {
      description: 'Mithril: restores one checkpoint to a key',
      startAt: 'PlanRestore',
      states: {
        PlanRestore: invoke({ partition, ...plan.target, next: 'IsPlanned' }),
        IsPlanned: chooseByKind({ planned: 'Restore', refused: 'Done', restored: 'Done' }),
        Restore: distributedMap({
          label: 'Restore',
          partition,
          items: '$.parts',
          worker: part.target,
          concurrencyMax: props.workers,
          next: 'FinishRestore',
        }),
        FinishRestore: invoke({
          partition,
          ...finish.target,
          payload: { 'restoreId.$': '$.restoreId' },
          next: 'IsRestored',
        }),
        IsRestored: chooseByKind({ refused: 'Done', restored: 'Done' }),
        Done: { Type: 'Succeed' },
        [UNKNOWN_ANSWER]: unknownAnswerState,
      },
      workers: this.workers,
      store: props.store,
      runbookSection: 'failed-restores',
    });
  }

  #createWorker(props: RestoreProps, name: string, description: string, minutes: number): Worker {
    return new Worker(this, name, {
      platform: props.platform,
      name,
      description,
      memoryMib: MIB_PER_VCPU,
      timeout: Duration.minutes(minutes),
      usesCodec: true,
    });
  }

  #grant(worker: Worker, props: RestoreProps): void {
    props.store.connect(worker);
    props.source.connect(worker);
    props.store.grantRead(worker);
    props.store.grantWrite(worker, 'work');
    // A base is read from its original while that exists.
    props.source.grantRead(worker);
    const own = props.store.bucket.arnForObjects(`${RESTORED_PREFIX_DEFAULT}*`);
    const { partition } = Stack.of(this);
    const others = props.targets.map(
      (it) => `arn:${partition}:s3:::${it.bucketName}/${it.prefix}*`,
    );
    worker.allow({
      sid: 'WriteRestored',
      // GetObject and no ListBucket: an existing target is seen by the conditional write.
      actions: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject'],
      resources: [own, ...others],
      wildcardReason: 'Restores are written under the configured prefixes only.',
    });
    const keys = new Set([props.kmsKeyArn, ...props.targets.map((it) => it.kmsKeyArn)]);
    [...keys].forEach((keyArn, index) =>
      grantKey(worker, { sid: `RestoreKey${index}`, keyArn, service: 's3', access: 'write' }),
    );
  }
}
