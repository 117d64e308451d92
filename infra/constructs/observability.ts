import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { type Alarm, AlarmStatusWidget, type Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { DefaultDashboardFactory, MonitoringFacade } from 'cdk-monitoring-constructs';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { CompileCache } from './compile-cache.ts';
import type { Ingest } from './ingest.ts';
import type { Machine } from './machine.ts';
import { cacheMetrics, checkpointMetrics, dedupMetrics, metricOf } from './product-metrics.ts';
import type { Worker } from './worker.ts';

const WIDTH = 24;
const RANGE = Duration.days(7);

export interface ObservabilityProps {
  readonly machines: readonly Machine[];
  /** Of the state machines; many, so that they share graphs. */
  readonly workers: readonly Worker[];
  readonly ingest: Ingest;
  readonly store: CheckpointStore;
  readonly cache: CompileCache | null;
  /** Of the other constructs. */
  readonly alarms: readonly Alarm[];
  readonly alarmTopicArn: string | undefined;
  /** Dollars a day, as estimated, from which on an alarm is raised. */
  readonly spendAlarmUsdPerDay: number | undefined;
}

/** What an operator looks at: one dashboard, and alarms that each name their runbook section. */
export class Observability extends Construct {
  readonly dashboard: Dashboard;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id);
    this.alarms = [...props.alarms, ...this.#createAlarms(props)];
    if (props.alarmTopicArn !== undefined) {
      const topic = Topic.fromTopicArn(this, 'Topic', props.alarmTopicArn);
      for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(topic));
    }
    const dashboardFactory = new DefaultDashboardFactory(this, 'Dashboards', {
      // Dashboards are global to an account: a stack of this name may be in another Region, too.
      dashboardNamePrefix: `${Stack.of(this).stackName}-${Aws.REGION}`,
      detailDashboardRange: RANGE,
    });
    const { dashboard } = dashboardFactory;
    if (dashboard === undefined) throw new Error('the factory makes the detail dashboard');
    this.dashboard = dashboard;
    this.#show(new MonitoringFacade(this, 'Monitoring', { dashboardFactory }), props);
  }

  #createAlarms(props: ObservabilityProps): readonly Alarm[] {
    const now = Duration.minutes(5);
    const alarms = [
      addAlarm(this, 'VerifyMismatch', {
        metric: metricOf(this, 'VerifyMismatch', now),
        matter: 'Stored bytes differ from the original.',
        section: 'verify-mismatch',
      }),
      addAlarm(this, 'CheckpointsQuarantined', {
        metric: metricOf(this, 'CheckpointsQuarantined', now),
        matter: 'A checkpoint cannot be compressed.',
        section: 'quarantined',
      }),
    ];
    if (props.cache !== null) {
      alarms.push(
        addAlarm(this, 'CacheQuarantined', {
          metric: metricOf(this, 'CacheQuarantined', now),
          matter: 'A client found an entry of the compile cache broken.',
          section: 'broken-cache-entries',
        }),
      );
    }
    if (props.spendAlarmUsdPerDay !== undefined) {
      alarms.push(
        addAlarm(this, 'Spend', {
          metric: metricOf(this, 'DollarsSpent', Duration.days(1)),
          matter: 'The work of a day costs more than was meant.',
          section: 'daily-spend',
          threshold: props.spendAlarmUsdPerDay,
        }),
      );
    }
    return alarms;
  }

  #show(monitoring: MonitoringFacade, props: ObservabilityProps): void {
    const { ingest, store, cache } = props;
    const alarms = [...this.alarms];
    monitoring
      .addWidget(new AlarmStatusWidget({ title: 'Alarms', alarms, width: WIDTH }))
      .monitorCustom({ ...named('Checkpoints'), metricGroups: checkpointMetrics(this) })
      .monitorCustom({ ...named('Dedup'), metricGroups: dedupMetrics(this) });
    if (cache !== null) showCache(monitoring, cache);
    for (const { stateMachine, title } of props.machines) {
      monitoring.monitorStepFunction({ stateMachine, ...named(title) });
    }
    monitoring
      .monitorSqsQueueWithDlq({
        queue: ingest.queue,
        deadLetterQueue: ingest.deadLetters,
        ...named('Events'),
      })
      .monitorCustom({ ...named('Workers'), metricGroups: workerMetrics(props.workers) })
      .monitorDynamoTable({
        // By name: the classes do not fit their own interfaces under exactOptionalPropertyTypes.
        table: Table.fromTableName(this, 'Catalogue', store.table.tableName),
        billingMode: BillingMode.PAY_PER_REQUEST,
        ...named('Catalogue'),
      })
      .monitorS3Bucket({
        bucket: Bucket.fromBucketName(this, 'Store', store.bucket.bucketName),
        ...named('Store'),
      });
  }
}

/** The library wants both: one for alarms, of which ours are made elsewhere. */
const named = (name: string) => ({
  humanReadableName: name,
  alarmFriendlyName: name.replaceAll(' ', '-'),
});

function showCache(monitoring: MonitoringFacade, cache: CompileCache): void {
  const period = Duration.hours(1);
  const url = ['UrlRequestCount', 'Url4xxCount', 'Url5xxCount'];
  const answers = url.map((name) => cache.metricUrl(name, period));
  monitoring
    .monitorCustom({
      ...named('Compile cache'),
      metricGroups: [...cacheMetrics(cache), { title: 'Answers', metrics: answers }],
    })
    .monitorLambdaFunction({
      lambdaFunction: cache.server.function,
      ...named('Compile cache server'),
    });
}

function workerMetrics(workers: readonly Worker[]) {
  const period = Duration.hours(1);
  const functions = workers.map(({ function: it, title: label }) => ({
    it,
    options: { period, label },
  }));
  return [
    {
      title: 'Throttles',
      metrics: functions.map(({ it, options }) => it.metricThrottles(options)),
    },
    { title: 'Errors', metrics: functions.map(({ it, options }) => it.metricErrors(options)) },
    { title: 'Duration', metrics: functions.map(({ it, options }) => it.metricDuration(options)) },
  ];
}
