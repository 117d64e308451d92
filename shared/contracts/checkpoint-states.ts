import { z } from 'zod';
import { attemptSchema, byteCountSchema, checkpointIdSchema, sha256Schema } from './brands.ts';
import { objectVersionSchema } from './checkpoint-object.ts';

/** Payloads of the states of the checkpoint state machine. Expected failures are values. */

const run = { checkpointId: checkpointIdSchema, attempt: attemptSchema };
const batch = {
  ...run,
  batch: z.int().min(0),
  segmentFirst: z.int().min(0),
  /** 0 only in the single batch of an empty object. */
  segmentCount: z.int().min(0),
};
const location = z.strictObject({ bucket: z.string(), key: z.string() });

/** Input of the execution, and of Plan. */
export const planInputSchema = z.strictObject({ ...run, object: objectVersionSchema });
export type PlanInput = z.infer<typeof planInputSchema>;

/** A step that ends the run without a fault: the row says why. Input of End. */
export const endInputSchema = z.strictObject({
  kind: z.literal('ended'),
  ...run,
  state: z.enum(['SUPERSEDED', 'GONE']),
  reason: z.string(),
});
export type EndInput = z.infer<typeof endInputSchema>;

export const quarantineInputSchema = z.strictObject({
  kind: z.literal('quarantine'),
  ...run,
  reason: z.string(),
});
export type QuarantineInput = z.infer<typeof quarantineInputSchema>;

export const planOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('planned'), ...run, batches: location }),
  endInputSchema,
  quarantineInputSchema,
]);
export type PlanOutput = z.infer<typeof planOutputSchema>;

/** One line of `encode.jsonl`. */
export const encodeInputSchema = z.strictObject(batch);
export type EncodeInput = z.infer<typeof encodeInputSchema>;

/** What one Encode worker answers; the records are in `encode-<batch>.json`. */
export const encodeOutputSchema = z.strictObject({
  kind: z.enum(['encoded', 'source-changed', 'source-gone']),
  batch: z.int().min(0),
});
export type EncodeOutput = z.infer<typeof encodeOutputSchema>;

export const commitInputSchema = z.strictObject(run);
export type CommitInput = z.infer<typeof commitInputSchema>;

export const commitOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('committed'),
    ...run,
    manifestSha256: sha256Schema,
    batches: location,
  }),
  endInputSchema,
]);
export type CommitOutput = z.infer<typeof commitOutputSchema>;

/** One line of `verify.jsonl`. */
export const verifyInputSchema = z.strictObject({ ...batch, manifestSha256: sha256Schema });
export type VerifyInput = z.infer<typeof verifyInputSchema>;

/** What one Verify worker answers; the reason is in `verify-<batch>.json`. */
export const verifyOutputSchema = z.strictObject({
  kind: z.enum(['verified', 'mismatch', 'source-changed', 'source-gone']),
  batch: z.int().min(0),
});
export type VerifyOutput = z.infer<typeof verifyOutputSchema>;

export const publishInputSchema = z.strictObject({ ...run, manifestSha256: sha256Schema });
export type PublishInput = z.infer<typeof publishInputSchema>;

export const publishOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('verified'),
    ...run,
    bytesIn: byteCountSchema,
    bytesOut: byteCountSchema,
  }),
  /** The row belongs to a later attempt or has ended: nothing was written. Ends the run. */
  z.strictObject({ kind: z.literal('stale'), ...run, reason: z.string() }),
  endInputSchema,
  quarantineInputSchema,
]);
export type PublishOutput = z.infer<typeof publishOutputSchema>;

/** Answer of Quarantine and End: `stale` where the row is no longer this attempt's. */
export const settleOutputSchema = z.strictObject({ kind: z.enum(['settled', 'stale']), ...run });
export type SettleOutput = z.infer<typeof settleOutputSchema>;
