import { z } from 'zod';

/** Lower-case hex SHA-256, 64 characters. */
export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/u, 'expected 64 lower-case hex characters')
  .brand<'Sha256'>();
export type Sha256 = z.infer<typeof sha256Schema>;

/** Names one checkpoint: the SHA-256 of the identity of one object version. */
export const checkpointIdSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/u, 'expected 64 lower-case hex characters')
  .brand<'CheckpointId'>();
export type CheckpointId = z.infer<typeof checkpointIdSchema>;

/** A length in bytes: a whole number that JavaScript holds exactly. */
export const byteCountSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Attempts are counted from 1; each has its own plan, results and manifest. */
export const attemptSchema = z.int().min(1).max(1_000);
