import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, METRICS } from '../../contracts/metrics.ts';
import type { Log } from '../../ports/log.ts';

export interface EmfMetrics {
  readonly count: Log['count'];
  /** Before an invocation ends: Lambda freezes what was not written. */
  readonly publish: () => void;
}

/**
 * Metrics in CloudWatch's embedded metric format: one line of the log for all that an invocation
 * counted, and no API call. `service` is the one dimension.
 */
export function createEmfMetrics(service: string): EmfMetrics {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: service });
  return {
    count: (name, value) => void metrics.addMetric(name, METRICS[name].unit, value),
    publish: () => {
      // Nothing to publish would be a warning on stderr.
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
