import { z } from 'zod';
import { byteCountSchema, sha256Schema } from './brands.ts';

/** Payloads of the states of the dedup state machine. Expected failures are values. */

const job = { jobId: sha256Schema };
const location = z.strictObject({ bucket: z.string(), key: z.string() });
const count = z.int().min(0);

/** The job ends, and says why; it is not a fault. */
const refusedSchema = z.strictObject({
  kind: z.literal('refused'),
  jobId: sha256Schema.nullable(),
  reason: z.string(),
});
export type DedupRefused = z.infer<typeof refusedSchema>;

export const dedupPlanOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('planned'), ...job, items: location }),
  refusedSchema,
]);
export type DedupPlanOutput = z.infer<typeof dedupPlanOutputSchema>;

/** One line of `hash.jsonl`, `bucket.jsonl` and so on. */
export const dedupTaskInputSchema = z.strictObject({ ...job, task: count });
export type DedupTaskInput = z.infer<typeof dedupTaskInputSchema>;

/** Input of the states that come once. */
export const dedupStepInputSchema = z.strictObject(job);
export type DedupStepInput = z.infer<typeof dedupStepInputSchema>;

export const dedupTaskOutputSchema = z.strictObject({
  kind: z.enum(['done', 'broken']),
  task: count,
});
export type DedupTaskOutput = z.infer<typeof dedupTaskOutputSchema>;

export const dedupGatherOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('gathered'), ...job, items: location }),
  refusedSchema,
]);
export type DedupGatherOutput = z.infer<typeof dedupGatherOutputSchema>;

export const dedupStitchOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('stitched'),
    ...job,
    shingle: location,
    verify: location,
    filter: location,
  }),
  /** Not a single pair: there is nothing to verify. */
  z.strictObject({ kind: z.literal('unique'), ...job, filter: location }),
  refusedSchema,
]);
export type DedupStitchOutput = z.infer<typeof dedupStitchOutputSchema>;

const counts = {
  rows: count,
  kept: count,
  dropped: count,
  rejected: count,
};

export const dedupReportOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('reported'), ...job, ...counts, duplicates: count }),
  refusedSchema,
]);
export type DedupReportOutput = z.infer<typeof dedupReportOutputSchema>;

/** What stages answer; `native/minhash` writes them. */
export const hashSummarySchema = z.object({
  rows: count,
  rejected: count,
  textBytes: byteCountSchema,
  spillBytes: byteCountSchema,
});
export const gatherSummarySchema = z.object({
  rows: count,
  rejected: count,
  files: z.array(z.object({ rows: count, rejected: count })),
  buckets: z.array(z.tuple([count, count])),
});
export const bucketSummarySchema = z.object({
  records: count,
  equal: count,
  pairs: count,
  bytes: byteCountSchema,
});
export const stitchSummarySchema = z.object({
  candidates: count,
  equal: count,
  rows: count,
  components: count,
  bins: count,
  largest: count,
  giants: count,
});
export const shingleSummarySchema = z.object({ rows: count, bytes: byteCountSchema });
export const verifySummarySchema = z.object({
  rows: count,
  compared: count,
  groups: count,
  duplicates: count,
  parts: count,
});
export const filterSummarySchema = z.object({
  lines: count,
  ...counts,
  duplicates: count,
  bytes: byteCountSchema,
});

/** What a task did. `broken`: its input cannot be used, now or later. */
export type DedupMarker<Summary> =
  | { readonly kind: 'done'; readonly seconds: number; readonly summary: Summary }
  | { readonly kind: 'broken'; readonly reason: string };

export const markerSchema = <Summary>(
  summary: z.ZodType<Summary>,
): z.ZodType<DedupMarker<Summary>> =>
  z.union([
    z
      .strictObject({ kind: z.literal('done'), seconds: z.number().min(0), summary: z.unknown() })
      .transform((marker) => ({ ...marker, summary: summary.parse(marker.summary) })),
    z.strictObject({ kind: z.literal('broken'), reason: z.string() }),
  ]);

/** `OUT/_mithril/totals.json`; for every input `rows = kept + dropped`, `lines = rows + rejected`. */
export const dedupTotalsSchema = z.strictObject({
  ...job,
  files: z.array(z.strictObject({ name: z.string(), ...counts, duplicates: count })),
  total: z.strictObject(counts),
  duplicates: count,
  groups: count,
  candidates: count,
  compared: count,
  largestComponent: count,
  /** Components that were larger than a bin. */
  giants: count,
});
export type DedupTotals = z.infer<typeof dedupTotalsSchema>;
