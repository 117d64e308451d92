import { z } from 'zod';
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

/**
 * Default key pattern. The run is what stands before the step, the name what follows it:
 * `run-7/step-001000/model.safetensors`, `out/checkpoint-500/optimizer.pt`, `m_step_20.safetensors`.
 * An epoch directly before a step (`epoch=1-step=200.ckpt`) is neither.
 */
export const DEFAULT_KEY_PATTERN =
  '^(?<run>.*?)(?:epoch[-_=]?[0-9]{1,15}[-_.])?(?:global_step|checkpoint|step|epoch|iter)[-_=]?(?<step>[0-9]{1,15})(?<name>(?:[/._-].*)?)$';
