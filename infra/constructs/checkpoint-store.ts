import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Bucket, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CHECKPOINTS_PREFIX, WORK_PREFIX } from '../../shared/contracts/checkpoint-keys.ts';
import { encryptTable, grantKey } from './encryption.ts';
import { ABORT_UPLOADS, acknowledgeAccessLog, protectedBucket } from './own-bucket.ts';
import type { Grantee } from './permission.ts';
import type { Worker } from './worker.ts';

/** Longer than any execution lives, attempts included. */
const WORK_KEPT = Duration.days(14);

export interface CheckpointStoreProps {
  readonly kmsKeyArn: string | undefined;
}

/**
 * The compressed checkpoints and their catalogue. Both stay when the stack goes: they may be the
 * only copy. Nothing here or elsewhere may delete from them.
 */
export class CheckpointStore extends Construct {
  readonly bucket: Bucket;
  readonly table: TableV2;
  readonly #kmsKeyArn: string | undefined;

  constructor(scope: Construct, id: string, props: CheckpointStoreProps) {
    super(scope, id);
    this.#kmsKeyArn = props.kmsKeyArn;
    this.bucket = new Bucket(this, 'Bucket', {
      ...protectedBucket(this, props.kmsKeyArn),
      lifecycleRules: [...workRules(), ABORT_UPLOADS],
    });
    acknowledgeAccessLog(this.bucket);
    this.table = new TableV2(this, 'Catalogue', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    if (props.kmsKeyArn !== undefined) encryptTable(this.table, props.kmsKeyArn);
  }

  /** Names of bucket and table. */
  connect(worker: Worker): void {
    worker.setVariable('MITHRIL_STORE_BUCKET', this.bucket.bucketName);
    worker.setVariable('MITHRIL_TABLE', this.table.tableName);
  }

  grantRead(worker: Worker): void {
    worker.allow({
      sid: 'ReadStore',
      actions: ['s3:GetObject'],
      resources: [this.bucket.arnForObjects('v1/*')],
      wildcardReason: 'All keys of the store are under v1/ and named by content.',
    });
    // Without the right to list, S3 answers 403 for a key that is not there, and "absent" could
    // not be told from "forbidden". HEAD and GET carry no s3:prefix, hence IfExists.
    worker.allow({
      sid: 'SeeAbsenceInStore',
      actions: ['s3:ListBucket'],
      resources: [this.bucket.bucketArn],
      conditions: { StringLikeIfExists: { 's3:prefix': ['v1/*'] } },
    });
    grantKey(worker, this.#key('ReadStoreKey', 's3', 'read'));
  }

  /** For a state machine's reader of batch lists. */
  grantReadWork(grantee: Grantee): void {
    grantee.allow({
      sid: 'ReadBatchLists',
      actions: ['s3:GetObject'],
      resources: [this.bucket.arnForObjects(`${WORK_PREFIX}*`)],
      wildcardReason: 'Batch lists are named by checkpoint and attempt.',
    });
    grantKey(grantee, this.#key('ReadBatchListsKey', 's3', 'read'));
  }

  grantWrite(worker: Worker, area: 'work' | 'checkpoints'): void {
    const prefix = area === 'work' ? WORK_PREFIX : CHECKPOINTS_PREFIX;
    worker.allow({
      sid: area === 'work' ? 'WriteWork' : 'WriteCheckpoints',
      actions: ['s3:PutObject'],
      resources: [this.bucket.arnForObjects(`${prefix}*`)],
      wildcardReason: `Keys under ${prefix} are named by checkpoint, attempt and content.`,
    });
    grantKey(worker, this.#key(`Write${area}Key`, 's3', 'write'));
  }

  /** One row by its id, or the rows of a series. */
  grantCatalogueRead(worker: Worker, what: 'row' | 'series'): void {
    const action = what === 'row' ? 'dynamodb:GetItem' : 'dynamodb:Query';
    this.#grantTable(worker, what === 'row' ? 'ReadRow' : 'ReadSeries', [action]);
  }

  grantCatalogueWrite(worker: Worker): void {
    // A transaction is authorised by the right to each of its writes.
    this.#grantTable(worker, 'WriteCatalogue', ['dynamodb:GetItem', 'dynamodb:PutItem']);
  }

  #grantTable(worker: Worker, sid: string, actions: readonly string[]): void {
    worker.allow({ sid, actions, resources: [this.table.tableArn] });
    grantKey(worker, this.#key(`${sid}Key`, 'dynamodb', 'write'));
  }

  #key(sid: string, service: 's3' | 'dynamodb', access: 'read' | 'write') {
    return { sid, keyArn: this.#kmsKeyArn, service, access };
  }
}

function workRules(): LifecycleRule[] {
  return [
    {
      id: 'work-expires',
      prefix: WORK_PREFIX,
      expiration: WORK_KEPT,
      noncurrentVersionExpiration: Duration.days(1),
    },
  ];
}
