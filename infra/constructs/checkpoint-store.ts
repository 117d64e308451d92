import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CHECKPOINTS_PREFIX, WORK_PREFIX } from '../../shared/contracts/checkpoint-keys.ts';
import { grantKey } from './encryption.ts';
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
      ...(props.kmsKeyArn === undefined
        ? {}
        : {
            encryption: TableEncryptionV2.customerManagedKey(
              Key.fromKeyArn(this, 'TableKey', props.kmsKeyArn),
            ),
          }),
    });
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

  grantCatalogueRead(worker: Worker): void {
    this.#grantTable(worker, 'ReadCatalogue', ['dynamodb:GetItem', 'dynamodb:Query']);
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

/** What every bucket of ours has: versions, encryption, TLS only, nothing public, kept on destroy. */
export function protectedBucket(scope: Construct, kmsKeyArn: string | undefined) {
  return {
    versioned: true,
    enforceSSL: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(kmsKeyArn === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : {
          encryption: BucketEncryption.KMS,
          encryptionKey: Key.fromKeyArn(scope, 'BucketKey', kmsKeyArn),
          bucketKeyEnabled: true,
        }),
  };
}

export function acknowledgeAccessLog(bucket: Bucket): void {
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Access logs need a second bucket with its own bill and retention; a team that wants them ' +
      'has CloudTrail data events for the whole account.',
  });
}

/** A multipart upload that nobody finished is paid for and seen by no listing. */
export const ABORT_UPLOADS: LifecycleRule = {
  id: 'abort-unfinished-uploads',
  abortIncompleteMultipartUploadAfter: Duration.days(2),
};

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
