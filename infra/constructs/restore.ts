import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { RESTORED_PREFIX_DEFAULT } from '../../shared/contracts/checkpoint-keys.ts';
import { LAMBDA_MIB_PER_VCPU } from '../../shared/contracts/limits.ts';
import type { MithrilConfig } from '../config-schema.ts';
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
    const plan = this.#createWorker(props, 'Plan', 'lists the parts of a restore', 5);
    const part = this.#createWorker(props, 'Part', 'decodes and uploads one part', 15);
    const finish = this.#createWorker(props, 'Finish', 'completes the upload', 5);
    this.workers = [plan, part, finish];
    this.#grant(plan, props, 'compare');
    this.#grant(part, props, 'write');
    this.#grant(finish, props, 'compare');
    props.store.grantCatalogueRead(plan, 'row');
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

  #createWorker(props: RestoreProps, id: string, description: string, minutes: number): Worker {
    return new Worker(this, id, {
      platform: props.platform,
      name: `restore-${id.toLowerCase()}`,
      description,
      memoryMib: LAMBDA_MIB_PER_VCPU,
      timeout: Duration.minutes(minutes),
      layers: ['native'],
    });
  }

  #grant(worker: Worker, props: RestoreProps, access: 'write' | 'compare'): void {
    props.store.connect(worker);
    props.source.connect(worker);
    props.store.grantRead(worker);
    props.store.grantWrite(worker, 'work');
    const write = ['s3:PutObject'];
    // What is there already is compared, and an upload that lost is aborted.
    const compare = ['s3:GetObject', 's3:GetObjectVersion', 's3:AbortMultipartUpload'];
    worker.allow({
      sid: 'WriteRestored',
      actions: access === 'write' ? write : [...write, ...compare],
      resources: this.#targetObjects(props),
      wildcardReason: 'Restores are written under the configured prefixes only.',
    });
    if (access === 'compare') this.#seeAbsence(worker, props.targets);
    const keys = new Set([props.kmsKeyArn, ...props.targets.map((it) => it.kmsKeyArn)]);
    [...keys].forEach((keyArn, index) =>
      grantKey(worker, { sid: `RestoreKey${index}`, keyArn, service: 's3', access: 'write' }),
    );
  }

  #targetObjects({ store, targets }: RestoreProps): string[] {
    const own = store.bucket.arnForObjects(`${RESTORED_PREFIX_DEFAULT}*`);
    const { partition } = Stack.of(this);
    const others = targets.map((it) => `arn:${partition}:s3:::${it.bucketName}/${it.prefix}*`);
    return [own, ...others];
  }

  /** As in the store: without it S3 answers 403 for a target that is not there. */
  #seeAbsence(worker: Worker, targets: RestoreProps['targets']): void {
    const { partition } = Stack.of(this);
    targets.forEach(({ bucketName, prefix }, index) =>
      worker.allow({
        sid: `SeeAbsenceOfTarget${index}`,
        actions: ['s3:ListBucket'],
        resources: [`arn:${partition}:s3:::${bucketName}`],
        conditions: { StringLikeIfExists: { 's3:prefix': [`${prefix}*`] } },
      }),
    );
  }
}
