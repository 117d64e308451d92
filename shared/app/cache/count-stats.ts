import type { StatsRow } from '../../contracts/cache-rows.ts';
import type { MetricName } from '../../contracts/metrics.ts';
import type { Log } from '../../ports/log.ts';
import type { StatsRecorder } from './stats.ts';

/** Sums that are metrics as well. The namespace is no dimension: each value of one is billed. */
const COUNTED = [
  ['hits', 'CacheHits'],
  ['misses', 'CacheMisses'],
  ['programHits', 'CacheProgramHits'],
  ['programMisses', 'CacheProgramMisses'],
  ['errors', 'CacheErrors'],
  ['inert', 'CacheInertHits'],
  ['secondsSaved', 'CacheSecondsSaved'],
  ['conflicts', 'CacheConflicts'],
  ['quarantined', 'CacheQuarantined'],
] as const satisfies readonly (readonly [keyof StatsRow, MetricName])[];

/** The recorder; what it adds up is counted for the dashboard, too. */
export const countStats = (stats: StatsRecorder, log: Pick<Log, 'count'>): StatsRecorder => ({
  add: (namespace, additions) => {
    stats.add(namespace, additions);
    for (const [sum, metric] of COUNTED) {
      const value = additions[sum] ?? 0;
      if (value !== 0) log.count(metric, value);
    }
  },
  flush: () => stats.flush(),
});
