import { z } from 'zod';
import { attemptSchema, byteCountSchema, checkpointIdSchema, sha256Schema } from './brands.ts';
import { baseReferenceSchema } from './checkpoint-documents.ts';
import { objectVersionSchema } from './checkpoint-object.ts';

/**
 * Rows of the catalogue table.
 * `pk = checkpoint#<id>, sk = row`: the state of one checkpoint.
 * `pk = series#<hash>, sk = <step, 20 digits>#<id>`: one verified checkpoint of a series.
 */
export const checkpointKey = (id: string) => ({ pk: `checkpoint#${id}`, sk: 'row' });
export const seriesPartition = (seriesHash: string): string => `series#${seriesHash}`;
export const stepPrefix = (step: number): string => String(step).padStart(20, '0');

/**
 * STARTED: an execution works on it. VERIFIED: read back and equal. RETIRED: VERIFIED, and the
 * original was deleted by opt-in. QUARANTINED, SUPERSEDED, GONE: ended with a reason, original
 * untouched. FAILED: attempts used up; an operator decides (docs/runbook.md).
 */
export const checkpointStateSchema = z.enum([
  'STARTED',
  'VERIFIED',
  'RETIRED',
  'QUARANTINED',
  'SUPERSEDED',
  'GONE',
  'FAILED',
]);
export type CheckpointState = z.infer<typeof checkpointStateSchema>;

export const verifiedFactsSchema = z.strictObject({
  manifestKey: z.string(),
  manifestSha256: sha256Schema,
  bytesOut: byteCountSchema,
  depth: z.int().min(0).max(64),
  /** Stored bytes that a restore reads: this checkpoint's and all its bases'. */
  chainStoredBytes: byteCountSchema,
  base: baseReferenceSchema.nullable(),
  verifiedMs: z.int(),
  encodeCpuSeconds: z.number(),
  verifyCpuSeconds: z.number(),
  bytesMoved: byteCountSchema,
});
export type VerifiedFacts = z.infer<typeof verifiedFactsSchema>;

export const checkpointRowSchema = z.strictObject({
  state: checkpointStateSchema,
  attempt: attemptSchema,
  object: objectVersionSchema,
  /** Hash of bucket, run and name without the step: the chain of same-named objects. */
  series: sha256Schema,
  step: z.int().min(0),
  startedMs: z.int(),
  updatedMs: z.int(),
  reason: z.string(),
  verified: verifiedFactsSchema.nullable(),
});
export type CheckpointRow = z.infer<typeof checkpointRowSchema>;

export const seriesRowSchema = z.strictObject({
  checkpointId: checkpointIdSchema,
  step: z.int().min(0),
  object: objectVersionSchema,
  verified: verifiedFactsSchema,
});
export type SeriesRow = z.infer<typeof seriesRowSchema>;
