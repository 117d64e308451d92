import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type FunctionUrl, FunctionUrlAuthType, InvokeMode } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CACHE_BLOBS_PREFIX } from '../../shared/contracts/cache-limits.ts';
import type { CacheConfig } from '../config-schema.ts';
import { addAlarm } from './alarm.ts';
import { encryptTable, grantKey } from './encryption.ts';
import { ABORT_UPLOADS, acknowledgeAccessLog, protectedBucket } from './own-bucket.ts';
import { metricOf } from './product-metrics.ts';
import { ScheduledSweep } from './scheduled-sweep.ts';
import { Worker, type WorkerPlatform } from './worker.ts';

export interface CompileCacheProps {
  readonly platform: WorkerPlatform;
  readonly cache: CacheConfig;
  readonly kmsKeyArn: string | undefined;
}

/** Bodies of 4 MiB, in base64 and not, of one request at a time. */
const MEMORY_MIB = 1_024;
/** Answers of 5xx in an hour; a client takes each for a miss. */
const FAULTS_MAX = 10;
/** An hour; some are usual, where two machines make the same and not to the bit. */
const CONFLICTS_MAX = 100;

/**
 * One compile cache over HTTPS: a function URL, blobs in S3, rows in DynamoDB. The URL is open to
 * everyone; our own tokens say who may do what. All of it can be built again, so it goes with
 * the stack, but for the bucket: S3 does not remove one that holds objects.
 */
export class CompileCache extends Construct {
  readonly bucket: Bucket;
  readonly table: TableV2;
  readonly server: Worker;
  readonly url: FunctionUrl;
  readonly sweep: ScheduledSweep;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: CompileCacheProps) {
    super(scope, id);
    const { platform, cache, kmsKeyArn } = props;
    this.bucket = new Bucket(this, 'Blobs', {
      ...protectedBucket(this, kmsKeyArn),
      versioned: false, // named by content, and each can be built again
      lifecycleRules: [ABORT_UPLOADS],
    });
    acknowledgeAccessLog(this.bucket);
    this.table = this.#createTable(kmsKeyArn);
    this.server = new Worker(this, 'Server', {
      platform,
      name: 'cache',
      description: 'the compile cache behind its URL',
      memoryMib: MEMORY_MIB,
      timeout: Duration.seconds(30),
      reservedConcurrency: cache.concurrency,
    });
    this.url = this.server.function.addFunctionUrl({
      authType: FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.BUFFERED,
    });
    this.sweep = new ScheduledSweep(this, 'Sweep', {
      platform,
      name: 'cache-sweep',
      description: 'removes entries that are old or above the quota',
      every: Duration.hours(24),
      memoryMib: MEMORY_MIB,
    });
    for (const worker of [this.server, this.sweep.worker]) this.#connect(worker, props);
    this.alarms = [
      this.server.addErrorAlarm('failed-cache'),
      this.sweep.alarm,
      ...this.#createAlarms(),
    ];
  }

  #createTable(kmsKeyArn: string | undefined): TableV2 {
    const table = new TableV2(this, 'Rows', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    if (kmsKeyArn !== undefined) encryptTable(table, kmsKeyArn);
    return table;
  }

  #connect(worker: Worker, { cache, kmsKeyArn }: CompileCacheProps): void {
    worker.setVariable('MITHRIL_CACHE_BUCKET', this.bucket.bucketName);
    worker.setVariable('MITHRIL_CACHE_TABLE', this.table.tableName);
    worker.setVariable('MITHRIL_CACHE_QUOTA_BYTES', String(cache.quotaBytes));
    worker.setVariable('MITHRIL_CACHE_TTL_DAYS', String(cache.ttlDays));
    worker.setVariable('MITHRIL_CACHE_NAMESPACES', JSON.stringify(cache.namespaces));
    worker.allow({
      sid: 'UseBlobs',
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      resources: [this.bucket.arnForObjects(`${CACHE_BLOBS_PREFIX}*`)],
      wildcardReason: 'Blobs are named by namespace and digest.',
    });
    // Without the right to list, S3 answers 403 for what is not there.
    worker.allow({
      sid: 'SeeAbsenceOfBlobs',
      actions: ['s3:ListBucket'],
      resources: [this.bucket.bucketArn],
      conditions: { StringLikeIfExists: { 's3:prefix': [`${CACHE_BLOBS_PREFIX}*`] } },
    });
    worker.allow({
      sid: 'UseRows',
      actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
      resources: [this.table.tableArn],
    });
    for (const service of ['s3', 'dynamodb'] as const) {
      grantKey(worker, { sid: `Use${service}Key`, keyArn: kmsKeyArn, service, access: 'write' });
    }
  }

  /** What Lambda counts of the URL's answers: `Url4xxCount`, `Url5xxCount`, `UrlRequestCount`. */
  metricUrl(metricName: string, period: Duration): Metric {
    const { functionName } = this.server.function;
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: functionName },
      statistic: 'Sum',
      period,
    });
  }

  #createAlarms(): readonly Alarm[] {
    const period = Duration.hours(1);
    return [
      addAlarm(this, 'Throttled', {
        metric: this.server.function.metricThrottles({ period }),
        matter: 'Requests to the compile cache were turned away.',
        section: 'throttled-cache',
      }),
      addAlarm(this, 'Faults', {
        metric: this.metricUrl('Url5xxCount', period),
        matter: 'The compile cache answered with 5xx.',
        section: 'failed-cache',
        threshold: FAULTS_MAX,
      }),
      addAlarm(this, 'Conflicts', {
        metric: metricOf(this, 'CacheConflicts', period),
        matter: 'Builds make different bytes under one key of the compile cache.',
        section: 'cache-conflicts',
        threshold: CONFLICTS_MAX,
      }),
    ];
  }
}
