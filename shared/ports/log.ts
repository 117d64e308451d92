import type { MetricName } from '../contracts/metrics.ts';

/** One line a request, filled as the work proceeds. Sizes in bytes, durations in ms. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  write(event: string, fields: LogFields): void;
  /** A fact that an alarm or a dashboard reads: CloudWatch on AWS, nothing on other hosts. */
  count(metric: MetricName, value: number): void;
}
