import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';
import type { CheckpointPipeline } from './checkpoint-pipeline.ts';
import type { CheckpointSource } from './checkpoint-source.ts';
import { Worker, type WorkerPlatform } from './worker.ts';

/** Lambda asks for six times the function's timeout. */
const VISIBILITY_FACTOR = 6;
const RECEIVE_COUNT_MAX = 5;
const EVENTS_A_BATCH = 10;
const STARTS_AT_ONCE = 5;
const WAIT_MAX = Duration.hours(1);

export interface IngestProps {
  readonly platform: WorkerPlatform;
  readonly source: CheckpointSource;
  readonly pipeline: CheckpointPipeline;
}

/** Events of the source wait in a queue until `start` has dealt with them. */
export class Ingest extends Construct {
  readonly start: Worker;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: IngestProps) {
    super(scope, id);
    this.start = new Worker(this, 'Start', {
      platform: props.platform,
      name: 'start',
      description: 'starts an execution for what an event hints at',
      memoryMib: 512,
      timeout: Duration.minutes(1),
    });
    this.start.setVariable('MITHRIL_ENABLED', props.platform.enabled);
    props.pipeline.grantStart(this.start);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.queue = new Queue(this, 'Events', {
      visibilityTimeout: Duration.seconds(this.start.timeout.toSeconds() * VISIBILITY_FACTOR),
      retentionPeriod: Duration.days(4),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: RECEIVE_COUNT_MAX },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is the dead-letter queue; reconcile finds what its events were about.',
    });
    props.source.sendEventsTo(this.queue);
    this.#takeEvents();
    this.alarms = this.#createAlarms();
  }

  #takeEvents(): void {
    this.start.allow({
      sid: 'TakeEvents',
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      resources: [this.queue.queueArn],
    });
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.start.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: EVENTS_A_BATCH,
      maxConcurrency: STARTS_AT_ONCE,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(this.start.policy);
  }

  #createAlarms(): readonly Alarm[] {
    const period = Duration.minutes(5);
    return [
      addAlarm(this, 'DeadLettersAlarm', {
        metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({ period }),
        matter: 'Events could not be turned into executions.',
        section: 'dead-letters',
      }),
      addAlarm(this, 'WaitingEventsAlarm', {
        metric: this.queue.metricApproximateAgeOfOldestMessage({ period }),
        matter: 'An event has waited longer than an hour.',
        section: 'waiting-events',
        threshold: WAIT_MAX.toSeconds(),
      }),
    ];
  }
}
