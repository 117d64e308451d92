import { z } from 'zod';

/** CloudWatch namespace of our metrics, and the only dimension: it tells deployments apart. */
export const METRIC_NAMESPACE = 'Mithril';
export const METRIC_DIMENSION = 'service';

/** The dimension's value: the name of the stack. */
export const serviceEnvironmentSchema = z.object({
  MITHRIL_SERVICE: z.string().min(1).default(METRIC_NAMESPACE),
});

interface MetricDefinition {
  /** As CloudWatch spells it. */
  readonly unit: 'Bytes' | 'Count' | 'Count/Second' | 'None' | 'Seconds';
  readonly meaning: string;
}

/**
 * Everything that the functions count; docs/operations.md has the same table. Ratios and rates are
 * left to metric math, so that they are right over any period. What AWS counts by itself (errors,
 * throttles, 4xx and 5xx, depth of queues, executions) is not counted again.
 */
export const METRICS = {
  BytesIn: { unit: 'Bytes', meaning: 'originals that became VERIFIED' },
  BytesOut: { unit: 'Bytes', meaning: 'their compressed form' },
  CheckpointsStarted: { unit: 'Count', meaning: 'executions started' },
  CheckpointsVerified: { unit: 'Count', meaning: 'checkpoints read back and found equal' },
  CheckpointsMissed: {
    unit: 'Count',
    meaning: 'uploads that no event started, found by reconcile',
  },
  CheckpointsQuarantined: { unit: 'Count', meaning: 'checkpoints that cannot be compressed' },
  VerifyMismatch: { unit: 'Count', meaning: 'stored bytes that are not the original' },
  OriginalsRetired: { unit: 'Count', meaning: 'originals deleted by the opt-in' },
  ChainDepth: { unit: 'Count', meaning: 'bases below a verified checkpoint' },
  SecondsPerGiB: { unit: 'Seconds', meaning: 'worker seconds for a GiB of original' },
  DollarsSpent: { unit: 'None', meaning: 'estimated price of finished work' },
  DollarsSavableMonthly: {
    unit: 'None',
    meaning: 'estimated saving a month once the original is gone',
  },
  DollarsSavedMonthly: { unit: 'None', meaning: 'estimated saving a month of retired originals' },
  Documents: { unit: 'Count', meaning: 'rows of finished dedup jobs' },
  DuplicateDocuments: { unit: 'Count', meaning: 'rows that are near-duplicates of another' },
  DocumentsPerSecond: { unit: 'Count/Second', meaning: 'rows of a job / seconds since its plan' },
  CacheHits: { unit: 'Count', meaning: 'hits that clients report' },
  CacheMisses: { unit: 'Count', meaning: 'misses that clients report' },
  CacheProgramHits: {
    unit: 'Count',
    meaning: 'GETs of ccache, Bazel and others that were answered',
  },
  CacheProgramMisses: {
    unit: 'Count',
    meaning: 'GETs of ccache, Bazel and others that found nothing',
  },
  CacheErrors: { unit: 'Count', meaning: 'lookups that failed at the client, which compiled' },
  CacheInertHits: { unit: 'Count', meaning: 'entries that were loaded and saved nothing' },
  CacheSecondsSaved: { unit: 'Seconds', meaning: 'compile time that hits saved' },
  CacheConflicts: { unit: 'Count', meaning: 'other bytes offered for a key that is taken' },
  CacheQuarantined: { unit: 'Count', meaning: 'entries that clients reported as broken' },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
export type MetricName = keyof typeof METRICS;
