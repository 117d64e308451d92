import { z } from 'zod';
import { attemptSchema, byteCountSchema, checkpointIdSchema } from './brands.ts';
import { checkpointStateSchema } from './checkpoint-catalogue.ts';
import { objectKeySchema, objectVersionSchema } from './checkpoint-object.ts';

/** Inputs and answers of what is called from outside the state machine: functions and CLI. */

/** A hint that an object may be there: from an event, or (`listed`) from a listing. */
export const startInputSchema = z.strictObject({
  bucket: z.string(),
  key: objectKeySchema,
  versionId: z.string().min(1).max(1_024).nullable(),
  /** Lets an object that HEAD refuses (SSE-C) be quarantined by its listed identity. */
  listed: objectVersionSchema.nullable().default(null),
  /** An operator's word: a checkpoint that used up its attempts gets one more. */
  retryFailed: z.boolean().default(false),
});
export type StartInput = z.input<typeof startInputSchema>;

const run = { checkpointId: checkpointIdSchema, attempt: attemptSchema };

/** Only faults are thrown; every one of these answers means that the event is dealt with. */
export const startOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('started'), ...run }),
  /** Running already, or ended in the state given. */
  z.strictObject({ kind: z.literal('already'), ...run, state: checkpointStateSchema }),
  z.strictObject({ kind: z.literal('ignored'), reason: z.string() }),
  /** No such object (version) any more. */
  z.strictObject({ kind: z.literal('gone') }),
  /** ATTEMPTS_MAX are used up, or the object cannot be read: the row says why. */
  z.strictObject({
    kind: z.literal('failed'),
    ...run,
    state: checkpointStateSchema,
    reason: z.string(),
  }),
]);
export type StartOutput = z.infer<typeof startOutputSchema>;

/** `saved`: go on where the last invocation stopped (the schedule); `start`: from the beginning. */
export const sweepInputSchema = z.strictObject({ from: z.enum(['start', 'saved']) });
export type SweepInput = z.infer<typeof sweepInputSchema>;

export const reconcileInputSchema = z.strictObject({
  ...sweepInputSchema.shape,
  /** Gives each FAILED checkpoint one more attempt. */
  retryFailed: z.boolean().default(false),
});
export type ReconcileInput = z.input<typeof reconcileInputSchema>;

const count = z.int().min(0);

export const reconcileOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('disabled') }),
  z.strictObject({
    kind: z.literal('swept'),
    /** False: call again with `saved`. */
    isComplete: z.boolean(),
    listed: count,
    verified: count,
    running: count,
    /** Executions that this sweep started: never started before, or a further attempt. */
    started: count,
    restarted: count,
    /** Ended without a compressed form; rows say why. */
    ended: count,
    /** Not opted in, or a replaced version that nobody started. */
    skipped: count,
  }),
]);
export type ReconcileOutput = z.infer<typeof reconcileOutputSchema>;

export const retireOutputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('disabled') }),
  z.strictObject({
    kind: z.literal('swept'),
    isComplete: z.boolean(),
    listed: count,
    retired: count,
    bytesRetired: byteCountSchema,
    /** Verified but kept: reasons with the key, at most 100. */
    kept: count,
    reasons: z.array(z.strictObject({ key: objectKeySchema, reason: z.string() })).max(100),
  }),
]);
export type RetireOutput = z.infer<typeof retireOutputSchema>;
