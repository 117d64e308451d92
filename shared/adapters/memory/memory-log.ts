import type { MetricName } from '../../contracts/metrics.ts';
import type { Log, LogFields } from '../../ports/log.ts';

/** Keeps what is logged and counted, for tests. */
export class MemoryLog implements Log {
  readonly lines: { readonly event: string; readonly fields: LogFields }[] = [];
  readonly #counts = new Map<MetricName, number>();

  write(event: string, fields: LogFields): void {
    this.lines.push({ event, fields: { ...fields } });
  }

  count(metric: MetricName, value: number): void {
    this.#counts.set(metric, this.counted(metric) + value);
  }

  counted(metric: MetricName): number {
    return this.#counts.get(metric) ?? 0;
  }
}
