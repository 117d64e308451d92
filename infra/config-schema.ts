import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import { DEDUP_TASK_BYTES_MAX, DEDUP_WORKERS_DEFAULT } from '../shared/contracts/dedup-limits.ts';
import { cacheNamespacesSchema, DEFAULT_KEY_PATTERN } from '../shared/contracts/environment.ts';
import {
  BATCH_SEGMENTS_DEFAULT,
  RETIRE_GRACE_HOURS_DEFAULT,
  SEGMENT_BYTES_DEFAULT,
  SEGMENT_BYTES_MAX,
  SEGMENT_BYTES_MIN,
  WORKERS_DEFAULT,
} from '../shared/contracts/limits.ts';

/** S3 takes at most 100 notification filters a bucket; we stay far below. */
const PREFIX_COUNT_MAX = 20;
const WORKERS_MAX = 1_000;

/**
 * A prefix goes into IAM resources and EventBridge patterns, where `*`, `?` and `$` would widen it.
 * It is not empty: rights on a whole bucket are never asked for.
 */
const prefixSchema = z
  .string()
  .min(1, 'name a prefix, for example "checkpoints/"; a whole bucket cannot be opted in')
  .max(512)
  .regex(/^[A-Za-z0-9!_.'()/=@:,+-]+$/u, 'a prefix must not hold *, ?, $ or other special signs');

const prefixesSchema = z.array(prefixSchema).max(PREFIX_COUNT_MAX).refine(areDisjoint, {
  message: 'no prefix may start with another one: S3 refuses overlapping notifications',
});

function areDisjoint(prefixes: readonly string[]): boolean {
  return prefixes.every((one, i) => prefixes.every((two, j) => i === j || !two.startsWith(one)));
}

const bucketNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u, 'expected a bucket name, not an ARN or a URL');

const arn = (service: string, resource: string, example: string) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:[0-9]{12}:${resource}.+$`, 'u'),
      `expected an ARN such as ${example}`,
    );

const kmsKeyArnSchema = arn(
  'kms',
  'key/',
  'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
);

const sourceSchema = z.discriminatedUnion('kind', [
  /** A bucket of ours: versioned, kept when the stack goes. */
  z.strictObject({
    kind: z.literal('own'),
    prefixes: prefixesSchema.min(1, 'name at least one prefix').default(['checkpoints/']),
  }),
  /** A bucket of the team: read only, its notifications and lifecycle are never written. */
  z.strictObject({
    kind: z.literal('existing'),
    bucketName: bucketNameSchema,
    /** Nothing is opted in until a prefix is named. */
    prefixes: prefixesSchema.default([]),
    kmsKeyArn: kmsKeyArnSchema.optional(),
  }),
]);

const placeSchema = z.strictObject({
  bucketName: bucketNameSchema,
  prefix: prefixSchema,
  kmsKeyArn: kmsKeyArnSchema.optional(),
});

const keyPatternSchema = z.string().superRefine((value, context) => {
  try {
    const { source } = new RegExp(value, 'u');
    const missing = ['run', 'step', 'name'].filter((group) => !source.includes(`(?<${group}>`));
    for (const group of missing) {
      context.addIssue({ code: 'custom', message: `has no group (?<${group}>...)` });
    }
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a regular expression: ${String(error)}` });
  }
});

/** One open URL, guarded by tokens of our own. */
const cacheSchema = z.strictObject({
  /** Requests at once: the spend cap. */
  concurrency: z.int().min(1).max(WORKERS_MAX).default(20),
  /** Of a namespace, after which the least recently used entries go. */
  quotaBytes: z
    .int()
    .positive()
    .default(100 * 1024 ** 3),
  /** Entries that were not used for so long go. */
  ttlDays: z.int().min(1).max(3_650).default(90),
  namespaces: cacheNamespacesSchema.default({}),
});
export type CacheConfig = z.infer<typeof cacheSchema>;

export const configSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/u, 'letters, digits and hyphens, at most 64')
    .default('Mithril'),
  source: sourceSchema.default({ kind: 'own', prefixes: ['checkpoints/'] }),
  /** Regular expression with the groups run, step and name; keys that do not match stand alone. */
  keyPattern: keyPatternSchema.default(DEFAULT_KEY_PATTERN),
  segmentBytes: z
    .int()
    .min(SEGMENT_BYTES_MIN)
    .max(SEGMENT_BYTES_MAX)
    .multipleOf(SEGMENT_BYTES_MIN)
    .default(SEGMENT_BYTES_DEFAULT),
  batchSegments: z.int().min(1).max(64).default(BATCH_SEGMENTS_DEFAULT),
  concurrency: z
    .strictObject({
      /** Workers of one kind (encode, verify, restore) at once: the spend cap. */
      workers: z.int().min(1).max(WORKERS_MAX).default(WORKERS_DEFAULT),
      /**
       * Reserve them for encode and for verify, so that all runs together stay under the cap. The
       * account's concurrency quota must be at least 2 x workers + 100.
       */
      reserved: z.boolean().default(true),
    })
    .default({ workers: WORKERS_DEFAULT, reserved: true }),
  /** Opt-in: delete exact versions of verified originals after the grace period. */
  retire: z
    .strictObject({ graceHours: z.int().min(1).max(8_760).default(RETIRE_GRACE_HOURS_DEFAULT) })
    .nullable()
    .default(null),
  /** Opt-in: the compile cache, behind an HTTPS endpoint of its own. */
  cache: cacheSchema.nullable().default(null),
  reconcileHours: z.int().min(1).max(168).default(24),
  /** Where restores may write, besides `restored/` of the store bucket. */
  restoreTargets: z.array(placeSchema).max(PREFIX_COUNT_MAX).default([]),
  dedup: z
    .strictObject({
      /** Where datasets are read from, besides `datasets/` of the store bucket. */
      sources: z.array(placeSchema).max(PREFIX_COUNT_MAX).default([]),
      /** Where results may be written, besides `deduplicated/` of the store bucket. */
      targets: z.array(placeSchema).max(PREFIX_COUNT_MAX).default([]),
      /** Bytes of an input that one task takes; without it what suits the inputs. */
      taskBytes: z.int().min(1_048_576).max(DEDUP_TASK_BYTES_MAX).optional(),
      /** Workers of one stage at once. */
      workers: z.int().min(1).max(WORKERS_MAX).default(DEDUP_WORKERS_DEFAULT),
    })
    .default({ sources: [], targets: [], workers: DEDUP_WORKERS_DEFAULT }),
  kmsKeyArn: kmsKeyArnSchema.optional(),
  permissionsBoundaryArn: arn(
    'iam',
    'policy/',
    'arn:aws:iam::111122223333:policy/team-boundary',
  ).optional(),
  alarmTopicArn: arn('sns', '', 'arn:aws:sns:eu-west-1:111122223333:alarms').optional(),
  /** An alarm goes off where the estimated price of a day's finished work reaches this. */
  spendAlarmUsdPerDay: z.number().positive().max(1_000_000).optional(),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
  /** CloudWatch knows certain numbers of days only: 1, 3, 5, 7, 14, 30, 60, 90 ... */
  logRetentionDays: z.enum(RetentionDays).default(RetentionDays.ONE_MONTH),
});

export type MithrilConfig = z.infer<typeof configSchema>;
export type MithrilConfigInput = z.input<typeof configSchema>;
