import { Aws } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { MithrilConfig } from '../config-schema.ts';
import { notifyFromOwnBucket } from './bucket-notification.ts';
import { grantKey } from './encryption.ts';
import { ABORT_UPLOADS, acknowledgeAccessLog, protectedBucket } from './own-bucket.ts';
import type { Worker } from './worker.ts';

export interface CheckpointSourceProps {
  readonly source: MithrilConfig['source'];
  readonly keyPattern: string;
  readonly kmsKeyArn: string | undefined;
}

/**
 * Where checkpoints are uploaded: a bucket of ours, or a bucket of the team that we read and
 * whose notifications, lifecycle and policy we never write.
 */
export class CheckpointSource extends Construct {
  readonly bucket: Pick<IBucket, 'bucketName' | 'bucketArn' | 'arnForObjects'>;
  readonly prefixes: readonly string[];
  readonly #own: Bucket | null;
  readonly #props: CheckpointSourceProps;
  readonly #kmsKeyArn: string | undefined;

  constructor(scope: Construct, id: string, props: CheckpointSourceProps) {
    super(scope, id);
    this.#props = props;
    this.prefixes = props.source.prefixes;
    this.#kmsKeyArn = props.source.kind === 'own' ? props.kmsKeyArn : props.source.kmsKeyArn;
    const { source } = props;
    if (source.kind === 'own') {
      this.#own = this.#createBucket();
      this.bucket = this.#own;
    } else {
      this.#own = null;
      this.bucket = Bucket.fromBucketName(this, 'Bucket', source.bucketName);
    }
  }

  connect(worker: Worker): void {
    worker.setVariable('MITHRIL_SOURCE_BUCKET', this.bucket.bucketName);
    worker.setVariable('MITHRIL_SOURCE_PREFIXES', JSON.stringify(this.prefixes));
    worker.setVariable('MITHRIL_KEY_PATTERN', this.#props.keyPattern);
  }

  grantRead(worker: Worker): void {
    worker.allow({
      sid: 'ReadOriginals',
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: this.#objects(),
      wildcardReason: 'Originals are read under the opted-in prefixes only.',
    });
    // Without the right to list, S3 answers 403 for a deleted object, and a checkpoint that the
    // training job pruned would look like a fault. HEAD and GET carry no s3:prefix: IfExists.
    worker.allow({
      sid: 'SeeAbsenceOfOriginals',
      actions: ['s3:ListBucket'],
      resources: this.#ifOptedIn(this.bucket.bucketArn),
      conditions: { StringLikeIfExists: { 's3:prefix': this.#patterns() } },
    });
    grantKey(worker, {
      sid: 'ReadOriginalsKey',
      keyArn: this.#kmsKeyArn,
      service: 's3',
      access: 'read',
    });
  }

  grantList(worker: Worker): void {
    worker.allow({
      sid: 'ListOriginals',
      actions: ['s3:ListBucketVersions'],
      resources: this.#ifOptedIn(this.bucket.bucketArn),
      conditions: { StringLike: { 's3:prefix': this.#patterns() } },
    });
  }

  /** The only right to delete anywhere: exact versions under the prefixes (retire, opt-in). */
  grantDeleteVersions(worker: Worker): void {
    worker.allow({
      sid: 'DeleteExactVersions',
      actions: ['s3:DeleteObjectVersion'],
      resources: this.#objects(),
      wildcardReason: 'Opt-in: versions of verified originals under the opted-in prefixes.',
    });
  }

  /** Events are hints: what they miss, reconcile finds. */
  sendEventsTo(queue: Queue): void {
    if (this.#own !== null) notifyFromOwnBucket(this.#own, queue, this.prefixes);
    else if (this.prefixes.length > 0) this.#notifyByEventBridge(queue);
  }

  #createBucket(): Bucket {
    const bucket = new Bucket(this, 'Bucket', {
      ...protectedBucket(this, this.#kmsKeyArn),
      lifecycleRules: [ABORT_UPLOADS],
    });
    acknowledgeAccessLog(bucket);
    return bucket;
  }

  /** The bucket's own notifications stay as they are; EventBridge must be on (see the outputs). */
  #notifyByEventBridge(queue: Queue): void {
    // oxlint-disable-next-line no-new -- a construct registers itself in its scope
    new Rule(this, 'Uploaded', {
      description: 'Uploads under the prefixes opted in to Mithril',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        account: [Aws.ACCOUNT_ID],
        detail: {
          bucket: { name: [this.bucket.bucketName] },
          object: { key: this.prefixes.map((prefix) => ({ prefix })) },
        },
      },
      targets: [new SqsQueue(queue)],
    });
  }

  #objects(): string[] {
    return this.prefixes.map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
  }

  #patterns(): string[] {
    return this.prefixes.map((prefix) => `${prefix}*`);
  }

  #ifOptedIn(resource: string): string[] {
    return this.prefixes.length > 0 ? [resource] : [];
  }
}
