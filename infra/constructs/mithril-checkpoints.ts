import { Duration, Tags } from 'aws-cdk-lib';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LAMBDA_MIB_PER_VCPU } from '../../shared/contracts/limits.ts';
import type { MithrilConfig } from '../config-schema.ts';
import { CheckpointPipeline } from './checkpoint-pipeline.ts';
import { CheckpointSource } from './checkpoint-source.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { CompileCache } from './compile-cache.ts';
import { Dedup } from './dedup.ts';
import { Ingest } from './ingest.ts';
import { Observability } from './observability.ts';
import { createPlatform, type PlatformProps } from './platform.ts';
import { Restore } from './restore.ts';
import { ScheduledSweep } from './scheduled-sweep.ts';
import type { WorkerPlatform } from './worker.ts';

export interface MithrilCheckpointsProps extends PlatformProps {
  /** Default: `config.concurrency.workers`; a parameter may stand here. */
  readonly workers?: number;
  /** Default: `config.dedup.workers`. */
  readonly dedupWorkers?: number;
}

/**
 * Checkpoints uploaded to the source are compressed, verified and restorable.
 *
 * @example new MithrilCheckpoints(this, 'Checkpoints', { config, functionsFolder, layerFolders })
 */
export class MithrilCheckpoints extends Construct {
  readonly store: CheckpointStore;
  readonly source: CheckpointSource;
  readonly pipeline: CheckpointPipeline;
  readonly restore: Restore;
  readonly dedup: Dedup;
  readonly ingest: Ingest;
  readonly reconcile: ScheduledSweep;
  readonly retire: ScheduledSweep | null;
  readonly cache: CompileCache | null;
  readonly observability: Observability;

  constructor(scope: Construct, id: string, props: MithrilCheckpointsProps) {
    super(scope, id);
    const { config } = props;
    const workers = props.workers ?? config.concurrency.workers;
    const platform = createPlatform(this, props);
    const { kmsKeyArn } = config;
    const { source, keyPattern } = config;
    this.store = new CheckpointStore(this, 'Store', { kmsKeyArn });
    this.source = new CheckpointSource(this, 'Source', { source, keyPattern, kmsKeyArn });
    const parts = { platform, store: this.store, source: this.source };
    this.pipeline = new CheckpointPipeline(this, 'Pipeline', {
      ...parts,
      segmentBytes: config.segmentBytes,
      batchSegments: config.batchSegments,
      concurrency: { ...config.concurrency, workers },
    });
    this.restore = new Restore(this, 'Restore', {
      ...parts,
      targets: config.restoreTargets,
      kmsKeyArn,
      workers,
    });
    this.dedup = new Dedup(this, 'Dedup', {
      platform,
      store: this.store,
      dedup: config.dedup,
      kmsKeyArn,
      workers: props.dedupWorkers ?? config.dedup.workers,
    });
    this.ingest = new Ingest(this, 'Ingest', { ...parts, pipeline: this.pipeline });
    this.reconcile = this.#createReconcile(platform, config.reconcileHours);
    this.retire = config.retire === null ? null : this.#createRetire(platform, config.retire);
    this.cache =
      config.cache === null
        ? null
        : new CompileCache(this, 'Cache', { platform, cache: config.cache, kmsKeyArn });
    this.observability = this.#observe(config);
    this.#applyTeamRules(config);
  }

  #observe(config: MithrilConfig): Observability {
    const { pipeline, restore, dedup, ingest, store, reconcile, retire, cache } = this;
    const machines = [pipeline.machine, restore.machine, dedup.machine];
    return new Observability(this, 'Observability', {
      machines,
      workers: [ingest.start, ...machines.flatMap(({ workers }) => workers), reconcile.worker],
      ingest,
      store,
      cache,
      alarms: [
        ...ingest.alarms,
        ...machines.flatMap(({ alarms }) => alarms),
        reconcile.alarm,
        ...(retire === null ? [] : [retire.alarm]),
        ...(cache === null ? [] : cache.alarms),
      ],
      alarmTopicArn: config.alarmTopicArn,
      spendAlarmUsdPerDay: config.spendAlarmUsdPerDay,
    });
  }

  #createReconcile(platform: WorkerPlatform, hours: number): ScheduledSweep {
    const sweep = new ScheduledSweep(this, 'Reconcile', {
      platform,
      name: 'reconcile',
      description: 'starts what events missed',
      every: Duration.hours(hours),
      memoryMib: 1_024,
    });
    this.pipeline.grantStart(sweep.worker);
    this.source.grantList(sweep.worker);
    return sweep;
  }

  #createRetire(platform: WorkerPlatform, retire: { graceHours: number }): ScheduledSweep {
    const sweep = new ScheduledSweep(this, 'Retire', {
      platform,
      name: 'retire',
      description: 'deletes exact versions of verified originals after the grace period',
      every: Duration.hours(24),
      memoryMib: LAMBDA_MIB_PER_VCPU,
      layers: ['native'],
    });
    const { worker } = sweep;
    worker.setVariable('MITHRIL_RETIRE_GRACE_HOURS', String(retire.graceHours));
    this.store.connect(worker);
    this.source.connect(worker);
    this.store.grantRead(worker);
    this.store.grantCatalogueWrite(worker);
    this.source.grantRead(worker);
    this.source.grantList(worker);
    this.source.grantDeleteVersions(worker);
    return sweep;
  }

  #applyTeamRules(config: MithrilConfig): void {
    if (config.permissionsBoundaryArn !== undefined) {
      const arn = config.permissionsBoundaryArn;
      PermissionsBoundary.of(this).apply(ManagedPolicy.fromManagedPolicyArn(this, 'Boundary', arn));
    }
    for (const [key, value] of Object.entries(config.tags)) Tags.of(this).add(key, value);
  }
}
