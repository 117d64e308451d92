import type { NotificationConfiguration } from '@aws-sdk/client-s3';
import { type CheckResult, fail, ok, warn } from './check.ts';

export function judgeVersioning(bucket: string, status: string | undefined): CheckResult {
  if (status === 'Enabled') return ok(`${bucket} keeps versions`);
  return warn(
    `${bucket} keeps no versions: what is overwritten while it is compressed is left out, and retire does nothing`,
    `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`,
  );
}

export interface EventFacts {
  readonly bucket: string;
  readonly notification: NotificationConfiguration;
  /** Names of the stack's queues. */
  readonly queueNames: readonly string[];
  /** The output `EnableEventsCommand`: a bucket that is not ours sends its events so. */
  readonly enableCommand: string | undefined;
}

/** Whether uploads start anything before reconcile looks. */
export function judgeEvents(facts: EventFacts): CheckResult {
  const { bucket, notification, queueNames, enableCommand } = facts;
  if (enableCommand !== undefined) {
    return notification.EventBridgeConfiguration === undefined
      ? warn(
          `${bucket} sends no events to EventBridge: uploads wait for the next reconcile`,
          `Turn it on; what the bucket notifies today is kept:\n${enableCommand}`,
        )
      : ok(`${bucket} sends events to EventBridge`);
  }
  const queues = (notification.QueueConfigurations ?? []).map(({ QueueArn }) => QueueArn ?? '');
  return queues.some((arn) => queueNames.includes(arn.slice(arn.lastIndexOf(':') + 1)))
    ? ok(`${bucket} sends events to the queue`)
    : fail(
        `the notification of ${bucket} was removed: uploads wait for the next reconcile`,
        'Somebody replaced the notification configuration. Put it back: npx cdk deploy',
      );
}

export interface MappingFacts {
  readonly uuid: string;
  readonly state: string;
  readonly lastResult: string;
}

export function judgeMapping(mapping: MappingFacts | null): CheckResult {
  if (mapping === null) return fail('nothing takes events from the queue', 'npx cdk deploy');
  const { uuid, state, lastResult } = mapping;
  if (state === 'Enabled') return ok(`start takes events (${lastResult || 'none so far'})`);
  if (state !== 'Disabled') return warn(`start does not take events yet: ${state}`, 'Look again.');
  return fail(
    'start takes no events: its event source mapping is disabled',
    `aws lambda update-event-source-mapping --uuid ${uuid} --enabled`,
  );
}
