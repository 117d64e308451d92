import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/**
 * The notification is a property of the bucket, not CDK's custom resource, whose function may
 * write the notifications of every bucket in the account. The queue's policy names the account
 * and not the bucket, which would be a cycle; `start` refuses events of other buckets.
 */
export function notifyFromOwnBucket(
  bucket: Bucket,
  queue: Queue,
  prefixes: readonly string[],
): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'EventsOfOwnAccount',
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  );
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) throw new Error('a bucket without its CloudFormation part');
  resource.notificationConfiguration = {
    queueConfigurations: prefixes.map((prefix) => ({
      event: 's3:ObjectCreated:*',
      queue: queue.queueArn,
      filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
    })),
  };
  // S3 sends a test message when the notification is set: the policy must stand by then.
  resource.node.addDependency(queue);
}
