import { Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { SweepInput } from '../../shared/contracts/checkpoint-commands.ts';
import { type LayerName, Worker, type WorkerPlatform } from './worker.ts';

export interface ScheduledSweepProps {
  readonly platform: WorkerPlatform;
  readonly name: string;
  readonly description: string;
  readonly every: Duration;
  readonly memoryMib: number;
  readonly layers?: readonly LayerName[];
}

/** Goes on where the last sweep stopped, at most one at a time. */
const INPUT: SweepInput = { from: 'saved' };

/** A function that walks through the source bucket on a schedule, and by hand. */
export class ScheduledSweep extends Construct {
  readonly worker: Worker;
  readonly schedule: Rule;
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, props: ScheduledSweepProps) {
    super(scope, id);
    this.worker = new Worker(this, 'Worker', {
      platform: props.platform,
      name: props.name,
      description: props.description,
      memoryMib: props.memoryMib,
      timeout: Duration.minutes(15),
      layers: props.layers ?? [],
    });
    this.worker.setVariable('MITHRIL_ENABLED', props.platform.enabled);
    this.schedule = new Rule(this, 'Schedule', {
      description: `Mithril ${props.name}: ${props.description}`,
      schedule: Schedule.rate(props.every),
      targets: [
        new LambdaFunction(this.worker.function, { event: RuleTargetInput.fromObject(INPUT) }),
      ],
    });
    this.alarm = this.worker.addErrorAlarm(`failed-${props.name}`);
  }
}
