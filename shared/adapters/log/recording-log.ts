import type { Log, LogFields, MetricName } from '../../ports/log.ts';

export interface RecordingLog extends Log {
  readonly events: readonly { readonly event: string; readonly fields: LogFields }[];
  /** Sum of what was counted. */
  total(metric: MetricName): number;
}

/** Writes nothing anywhere; tests ask it what was said. */
export function createRecordingLog(): RecordingLog {
  const events: { event: string; fields: LogFields }[] = [];
  const totals = new Map<MetricName, number>();
  return {
    events,
    write: (event, fields) => void events.push({ event, fields }),
    count: (metric, value) => void totals.set(metric, (totals.get(metric) ?? 0) + value),
    total: (metric) => totals.get(metric) ?? 0,
  };
}

/** For a command whose output is its result. */
export const silentLog: Log = { write: () => undefined, count: () => undefined };
