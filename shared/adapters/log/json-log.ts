import { asciiJson } from '../../domain/checkpoint/ascii-json.ts';
import type { Log, LogFields, MetricName } from '../../ports/log.ts';

export interface JsonLogSettings {
  /** CloudWatch namespace of the metrics. */
  readonly namespace: string;
  /** Fields of every line, such as the function's name; `service` is the metrics' dimension. */
  readonly service: string;
  readonly nowMs: () => number;
  readonly writeLine: (line: string) => void;
}

type MetricUnit = 'Bytes' | 'Count';

const UNITS: Readonly<Record<MetricName, MetricUnit>> = {
  BytesIn: 'Bytes',
  BytesOut: 'Bytes',
  CheckpointsVerified: 'Count',
  CheckpointsQuarantined: 'Count',
  VerifyMismatch: 'Count',
  CheckpointsStarted: 'Count',
  CheckpointsMissed: 'Count',
  OriginalsRetired: 'Count',
  CacheConflicts: 'Count',
};

/**
 * One JSON line an event, and one in CloudWatch's embedded metric format a count: metrics cost
 * no API call. Lines are ASCII, so that no key with a line separator makes two lines of one.
 */
export function createJsonLog(settings: JsonLogSettings): Log {
  const { namespace, service, nowMs, writeLine } = settings;
  const dimensions = [['service']];
  return {
    write: (event: string, fields: LogFields): void => {
      writeLine(asciiJson({ ...fields, time: new Date(nowMs()).toISOString(), service, event }));
    },
    count: (metric: MetricName, value: number): void => {
      const metrics = [{ Name: metric, Unit: UNITS[metric] }];
      const directive = { Namespace: namespace, Dimensions: dimensions, Metrics: metrics };
      const aws = { Timestamp: nowMs(), CloudWatchMetrics: [directive] };
      writeLine(asciiJson({ _aws: aws, service, [metric]: value }));
    },
  };
}
