import { z } from 'zod';
import { namespaceSchema } from './cache-names.ts';
import {
  BATCH_SEGMENTS_DEFAULT,
  RETIRE_GRACE_HOURS_DEFAULT,
  SEGMENT_BYTES_DEFAULT,
} from './limits.ts';

/** Environment variables of the functions. `infra` sets them, the entry points parse them. */
const text = z.string().min(1);
const integer = z.coerce.number().int();

export const storeEnvironmentSchema = z.object({
  MITHRIL_STORE_BUCKET: text,
  MITHRIL_TABLE: text,
});

/** Of the functions of the dedup job. */
export const dedupEnvironmentSchema = z.object({
  MITHRIL_STORE_BUCKET: text,
  /** Of plan only. */
  MITHRIL_DEDUP_TASK_BYTES: integer.min(1).optional(),
});

/** Where checkpoints come from; JSON list of prefixes, empty = none opted in. */
export const sourceEnvironmentSchema = z.object({
  MITHRIL_SOURCE_BUCKET: text,
  MITHRIL_SOURCE_PREFIXES: z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'expected a JSON list of prefixes' });
        return z.NEVER;
      }
    })
    .pipe(z.array(z.string())),
  MITHRIL_KEY_PATTERN: text,
});

export const workflowEnvironmentSchema = z.object({ MITHRIL_STATE_MACHINE_ARN: text });

export const planEnvironmentSchema = z.object({
  MITHRIL_SEGMENT_BYTES: integer.default(SEGMENT_BYTES_DEFAULT),
  MITHRIL_BATCH_SEGMENTS: integer.default(BATCH_SEGMENTS_DEFAULT),
});

/** Kill switch: reconcile and start do nothing while it is "off". */
export const switchEnvironmentSchema = z.object({
  MITHRIL_ENABLED: z.enum(['on', 'off']).default('on'),
});

export const retireEnvironmentSchema = z.object({
  MITHRIL_RETIRE_GRACE_HOURS: integer.min(1).default(RETIRE_GRACE_HOURS_DEFAULT),
});

/** The compile cache. `infra` writes what a team says of its namespaces as JSON. */
export const cacheNamespacesSchema = z.record(
  namespaceSchema,
  z.strictObject({
    /** Hex of raw Ed25519 keys: with any, only what one of them signed is taken. */
    publicKeys: z.array(z.string().regex(/^[0-9a-f]{64}$/u)).optional(),
    quotaBytes: z.number().int().positive().optional(),
    ttlDays: z.number().int().positive().optional(),
  }),
);

export const cacheEnvironmentSchema = z.object({
  MITHRIL_CACHE_BUCKET: text,
  MITHRIL_CACHE_TABLE: text,
  MITHRIL_CACHE_QUOTA_BYTES: integer.positive(),
  MITHRIL_CACHE_TTL_DAYS: integer.positive(),
  MITHRIL_CACHE_NAMESPACES: text
    .transform((value): unknown => JSON.parse(value))
    .pipe(cacheNamespacesSchema),
});

/**
 * Default key pattern. The run is what stands before the step, the name what follows it:
 * `run-7/step-001000/model.safetensors`, `out/checkpoint-500/optimizer.pt`, `m_step_20.safetensors`.
 * An epoch directly before a step (`epoch=1-step=200.ckpt`) is neither.
 */
export const DEFAULT_KEY_PATTERN =
  '^(?<run>.*?)(?:epoch[-_=]?[0-9]{1,15}[-_.])?(?:global_step|checkpoint|step|epoch|iter)[-_=]?(?<step>[0-9]{1,15})(?<name>(?:[/._-].*)?)$';
