import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { CustomMetricGroup } from 'cdk-monitoring-constructs';
import type { Construct } from 'constructs';
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  type MetricName,
} from '../../shared/contracts/metrics.ts';

const HOUR = Duration.hours(1);
const DAY = Duration.days(1);

type Statistic = 'Sum' | 'Average' | 'Maximum';

/** A metric that the functions of this stack count (shared/contracts/metrics.ts). */
export const metricOf = (
  scope: Construct,
  metricName: MetricName,
  period: Duration,
  statistic: Statistic = 'Sum',
): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [METRIC_DIMENSION]: Stack.of(scope).stackName },
    statistic,
    period,
  });

/** A share of sums, right over any period because it is taken of the sums. */
const quotient = (label: string, expression: string, metrics: Record<string, Metric>) =>
  new MathExpression({ label, expression, usingMetrics: metrics, period: DAY });

export function checkpointMetrics(scope: Construct): CustomMetricGroup[] {
  const day = (name: MetricName) => metricOf(scope, name, DAY);
  const hour = (name: MetricName, statistic?: Statistic) => metricOf(scope, name, HOUR, statistic);
  const [bytesIn, bytesOut] = [day('BytesIn'), day('BytesOut')];
  return [
    { title: 'Bytes a day', metrics: [bytesIn, bytesOut] },
    { title: 'Ratio', metrics: [quotient('ratio', 'bytesIn / bytesOut', { bytesIn, bytesOut })] },
    {
      title: 'Checkpoints',
      metrics: [
        hour('CheckpointsStarted'),
        hour('CheckpointsVerified'),
        hour('CheckpointsMissed'),
        hour('OriginalsRetired'),
      ],
    },
    { title: 'Not well', metrics: [hour('CheckpointsQuarantined'), hour('VerifyMismatch')] },
    { title: 'Chain depth', metrics: [hour('ChainDepth', 'Maximum')] },
    { title: 'Worker seconds for a GiB', metrics: [hour('SecondsPerGiB', 'Average')] },
    {
      title: 'Dollars a day, estimated',
      metrics: [day('DollarsSpent'), day('DollarsSavableMonthly'), day('DollarsSavedMonthly')],
    },
  ];
}

export function dedupMetrics(scope: Construct): CustomMetricGroup[] {
  const [rows, duplicates] = [
    metricOf(scope, 'Documents', DAY),
    metricOf(scope, 'DuplicateDocuments', DAY),
  ];
  const rate = quotient('duplicates, %', '100 * duplicates / rows', { duplicates, rows });
  return [
    { title: 'Documents a day', metrics: [rows, duplicates] },
    { title: 'Duplicate rate', metrics: [rate] },
    {
      title: 'Documents per second',
      metrics: [metricOf(scope, 'DocumentsPerSecond', HOUR, 'Average')],
    },
  ];
}

export function cacheMetrics(scope: Construct): CustomMetricGroup[] {
  const hour = (name: MetricName) => metricOf(scope, name, HOUR);
  const day = (name: MetricName) => metricOf(scope, name, DAY);
  const [hits, misses, inert] = [day('CacheHits'), day('CacheMisses'), day('CacheInertHits')];
  return [
    { title: 'Lookups', metrics: [hour('CacheHits'), hour('CacheMisses'), hour('CacheErrors')] },
    {
      title: 'GETs of ccache, Bazel and others',
      metrics: [hour('CacheProgramHits'), hour('CacheProgramMisses')],
    },
    {
      title: 'Hit rate and inert share',
      metrics: [
        quotient('hits, %', '100 * hits / (hits + misses)', { hits, misses }),
        quotient('inert of hits, %', '100 * inert / hits', { inert, hits }),
      ],
    },
    { title: 'Compile seconds saved a day', metrics: [day('CacheSecondsSaved')] },
    { title: 'Refused', metrics: [hour('CacheConflicts'), hour('CacheQuarantined')] },
  ];
}
