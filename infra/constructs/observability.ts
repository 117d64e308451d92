import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  SingleValueWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRIC_DIMENSION, METRIC_NAMESPACE } from '../../shared/contracts/metrics.ts';
import type { Machine } from './machine.ts';
import { runbook } from './runbook.ts';

const WIDTH = 24;

export interface ObservabilityProps {
  readonly machines: readonly Machine[];
  readonly alarms: readonly Alarm[];
  readonly alarmTopicArn: string | undefined;
}

/** What an operator looks at: one dashboard, and alarms that each name their runbook section. */
export class Observability extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id);
    const alarms = [
      ...props.alarms,
      this.#alarmOn('VerifyMismatch', 'verify-mismatch', 'Stored bytes differ from the original.'),
      this.#alarmOn('CheckpointsQuarantined', 'quarantined', 'A checkpoint cannot be compressed.'),
    ];
    if (props.alarmTopicArn !== undefined) {
      const topic = Topic.fromTopicArn(this, 'Topic', props.alarmTopicArn);
      for (const alarm of alarms) alarm.addAlarmAction(new SnsAction(topic));
    }
    this.dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.days(7) });
    this.dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms, width: WIDTH }));
    this.dashboard.addWidgets(...this.#counts());
    this.dashboard.addWidgets(...props.machines.map(executions));
  }

  #counts() {
    const sum = (name: string): Metric => this.#metric(name, Duration.days(1));
    return [
      new SingleValueWidget({
        title: 'Bytes in and out, a day',
        width: WIDTH / 2,
        metrics: [sum('BytesIn'), sum('BytesOut')],
      }),
      new SingleValueWidget({
        title: 'Checkpoints, a day',
        width: WIDTH / 2,
        metrics: ['CheckpointsStarted', 'CheckpointsVerified', 'CheckpointsMissed'].map(sum),
      }),
    ];
  }

  #metric(metricName: string, period: Duration): Metric {
    return new Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [METRIC_DIMENSION]: Stack.of(this).stackName },
      statistic: 'Sum',
      period,
    });
  }

  #alarmOn(metric: string, section: string, matter: string): Alarm {
    return new Alarm(this, metric, {
      alarmDescription: runbook(section, matter),
      metric: this.#metric(metric, Duration.minutes(5)),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

function executions(machine: Machine): GraphWidget {
  const { stateMachine } = machine;
  const left: IMetric[] = [
    stateMachine.metricStarted(),
    stateMachine.metricSucceeded(),
    stateMachine.metricFailed(),
    stateMachine.metricTimedOut(),
  ];
  return new GraphWidget({ title: `${machine.node.id} executions`, width: WIDTH / 2, left });
}
