import { z } from 'zod';
import { byteCountSchema, checkpointIdSchema, sha256Schema } from './brands.ts';
import { hex8Schema, hex16Schema } from './checkpoint-documents.ts';
import { objectKeySchema } from './checkpoint-object.ts';

/** Payloads of the restore state machine. */

/** Input: a verified checkpoint, and the key that gets its original bytes (If-None-Match). */
export const restoreInputSchema = z.strictObject({
  checkpointId: checkpointIdSchema,
  target: z.strictObject({ bucket: z.string().min(3).max(255), key: objectKeySchema }),
});
export type RestoreInput = z.infer<typeof restoreInputSchema>;

export const restorePlanSchema = z.strictObject({
  checkpointId: checkpointIdSchema,
  manifestKey: z.string(),
  manifestSha256: sha256Schema,
  target: restoreInputSchema.shape.target,
  uploadId: z.string().nullable(),
  bytes: byteCountSchema,
  partBytes: byteCountSchema,
  partCount: z.int().min(1).max(10_000),
});
export type RestorePlan = z.infer<typeof restorePlanSchema>;

export const restorePlanOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('planned'),
    restoreId: sha256Schema,
    parts: z.strictObject({ bucket: z.string(), key: z.string() }),
  }),
  /** Not verified, unknown, or the target exists already with other bytes. */
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
  z.strictObject({ kind: z.literal('restored'), bytes: byteCountSchema }),
]);
export type RestorePlanOutput = z.infer<typeof restorePlanOutputSchema>;

/** One line of `parts.jsonl`; parts are numbered from 1 as S3 does. */
export const restorePartInputSchema = z.strictObject({
  restoreId: sha256Schema,
  part: z.int().min(1).max(10_000),
});
export type RestorePartInput = z.infer<typeof restorePartInputSchema>;

const part = z.int().min(1).max(10_000);

/** `part-<n>.json`. */
export const restorePartResultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('copied'),
    part,
    /** Empty where the target is written by one PUT. */
    etag: z.string(),
    bytes: byteCountSchema,
    crc32: hex8Schema,
    crc32c: hex8Schema,
    crc64nvme: hex16Schema,
  }),
  /** Stored bytes are damaged, or the upload is gone: nothing appears at the target. */
  z.strictObject({ kind: z.literal('refused'), part, reason: z.string() }),
]);
export type RestorePartResult = z.infer<typeof restorePartResultSchema>;

/** What one Part worker answers. */
export const restorePartOutputSchema = z.strictObject({
  kind: z.enum(['copied', 'refused']),
  part,
});
export type RestorePartOutput = z.infer<typeof restorePartOutputSchema>;

export const restoreFinishInputSchema = z.strictObject({ restoreId: sha256Schema });
export type RestoreFinishInput = z.infer<typeof restoreFinishInputSchema>;

export const restoreFinishOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('restored'), bytes: byteCountSchema }),
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
]);
export type RestoreFinishOutput = z.infer<typeof restoreFinishOutputSchema>;
