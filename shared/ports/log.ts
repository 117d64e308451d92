/** One line a request, filled as the work proceeds. Sizes in bytes, durations in ms. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  write(event: string, fields: LogFields): void;
  /** A counted fact that an alarm or a dashboard reads (CloudWatch EMF on AWS). */
  count(metric: MetricName, value: number): void;
}

export type MetricName =
  | 'BytesIn'
  | 'BytesOut'
  | 'CheckpointsVerified'
  | 'CheckpointsQuarantined'
  | 'VerifyMismatch'
  | 'CheckpointsStarted'
  | 'CheckpointsMissed'
  | 'OriginalsRetired'
  | 'CacheConflicts';
