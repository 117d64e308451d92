import { z } from 'zod';
import { attemptSchema, byteCountSchema, checkpointIdSchema, sha256Schema } from './brands.ts';
import { objectChecksumSchema, objectVersionSchema } from './checkpoint-object.ts';
import { SEGMENT_BYTES_MAX, SEGMENTS_PER_BATCH_MAX } from './limits.ts';

/** The checkpoint that a delta refers to, and where its bytes are. */
export const baseReferenceSchema = z.strictObject({
  checkpointId: checkpointIdSchema,
  manifestKey: z.string(),
  manifestSha256: sha256Schema,
  object: objectVersionSchema,
  depth: z.int().min(0).max(64),
});
export type BaseReference = z.infer<typeof baseReferenceSchema>;

const batchPlanSchema = z.strictObject({
  segmentFirst: z.int().min(0),
  /** 0 only in the single batch of an empty object. */
  segmentCount: z.int().min(0).max(SEGMENTS_PER_BATCH_MAX),
  layoutKey: z.string(),
});

/** `plan.json`: written once per attempt (If-None-Match); everything later derives from it. */
export const checkpointPlanSchema = z.strictObject({
  checkpointId: checkpointIdSchema,
  attempt: attemptSchema,
  object: objectVersionSchema,
  checksum: objectChecksumSchema.nullable(),
  container: z.strictObject({
    kind: z.enum(['opaque', 'safetensors', 'torch', 'distcp', 'npy', 'npz', 'gguf', 'zip']),
    headerBytes: byteCountSchema,
    reason: z.string(),
  }),
  /** The configuration and the codec hold the lower limit (SEGMENT_BYTES_MIN). */
  segmentBytes: z.int().min(1).max(SEGMENT_BYTES_MAX),
  base: baseReferenceSchema.nullable(),
  /** Why there is a base or why there is none, as a sentence for `status`. */
  baseReason: z.string(),
  batches: z.array(batchPlanSchema),
});
export type CheckpointPlan = z.infer<typeof checkpointPlanSchema>;

/** Regions that overlap one batch: [offset, length, kind, base offset or -1] each. */
export const layoutSchema = z.strictObject({
  regions: z.array(
    z.tuple([byteCountSchema, byteCountSchema, z.int().min(0).max(255), z.int().min(-1)]),
  ),
});
export type Layout = z.infer<typeof layoutSchema>;

export const hex8Schema = z.string().regex(/^[0-9a-f]{8}$/u);
export const hex16Schema = z.string().regex(/^[0-9a-f]{16}$/u);

/** What is known of one segment: of its stored bytes and of its raw bytes. */
export const segmentRecordSchema = z.strictObject({
  sha256: sha256Schema,
  storedBytes: byteCountSchema,
  crc32: hex8Schema,
  crc32c: hex8Schema,
  crc64nvme: hex16Schema,
});
export type SegmentRecord = z.infer<typeof segmentRecordSchema>;

/** Work of one Map child, measured by itself; adds up to the bill in `status` and the log. */
export const workMetricsSchema = z.strictObject({
  seconds: z.number().min(0),
  codecSeconds: z.number().min(0),
  cpuSeconds: z.number().min(0),
  bytesRead: byteCountSchema,
  bytesWritten: byteCountSchema,
});
export type WorkMetrics = z.infer<typeof workMetricsSchema>;

/**
 * `segment-<n>.json`: written after the segment itself, so that a try which follows a killed one
 * neither reads, encodes nor uploads it again.
 */
export const segmentProgressSchema = z.strictObject({
  segment: segmentRecordSchema,
  metrics: workMetricsSchema,
});
export type SegmentProgress = z.infer<typeof segmentProgressSchema>;

/** The exact version cannot be read any more: overwritten without versioning, or deleted. */
const sourceChangedSchema = z.strictObject({
  kind: z.literal('source-changed'),
  reason: z.string(),
});
const sourceGoneSchema = z.strictObject({ kind: z.literal('source-gone'), reason: z.string() });

export const encodeResultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('encoded'),
    segments: z.array(segmentRecordSchema),
    metrics: workMetricsSchema,
  }),
  sourceChangedSchema,
  sourceGoneSchema,
]);
export type EncodeResult = z.infer<typeof encodeResultSchema>;

export const verifyResultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('verified'),
    /** True where the original was read again because S3 holds no full-object checksum. */
    originalRead: z.boolean(),
    metrics: workMetricsSchema,
  }),
  z.strictObject({ kind: z.literal('mismatch'), reason: z.string() }),
  /** Only where the original had to be read again. */
  sourceChangedSchema,
  sourceGoneSchema,
]);
export type VerifyResult = z.infer<typeof verifyResultSchema>;
