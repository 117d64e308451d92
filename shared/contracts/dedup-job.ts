import { z } from 'zod';
import { byteCountSchema, sha256Schema } from './brands.ts';
import { objectVersionSchema } from './checkpoint-object.ts';

/** A job that deduplicates the objects below a prefix (docs/dedup-job.md). */

/** Where objects lie: everything whose key starts with the prefix. */
const placeSchema = z.strictObject({
  bucket: z.string().min(1).max(255),
  prefix: z.string().min(1).max(768),
});
export type Place = z.infer<typeof placeSchema>;

const settingsSchema = z.strictObject({
  textKey: z.string().min(1).max(256).default('text'),
  /** A decimal number, as it is written: no rounding decides what is a duplicate. */
  threshold: z
    .string()
    .regex(
      /^(?:0?\.\d{1,9}|1(?:\.0+)?)$/u,
      'expected a number above 0 and at most 1, such as "0.8"',
    )
    .default('0.8'),
  unit: z.enum(['word', 'char']).default('word'),
  n: z.int().min(1).max(256).default(5),
  permutations: z.int().min(1).max(4_096).default(128),
  /** Both or neither; without them the bands suit the threshold. */
  bands: z.int().min(1).max(4_096).optional(),
  rows: z.int().min(1).max(4_096).optional(),
  seed: z.int().min(0).default(0),
});

/** Input of the execution: what a person writes into StartExecution. */
export const dedupRequestSchema = z.strictObject({
  input: placeSchema,
  output: placeSchema.refine(({ prefix }) => prefix.endsWith('/'), {
    message: 'the output is a folder: end it with /',
  }),
  settings: settingsSchema.prefault({}),
  /** The row of a group that survives. */
  keep: z
    .string()
    .regex(/^(?:first|last|longest|max:.{1,256})$/u, 'expected first, last, longest or max:FIELD')
    .default('first'),
  mode: z.enum(['drop', 'annotate', 'drop-all']).default('drop'),
  /** Field that identifies rows in the report. */
  idKey: z.string().min(1).max(256).optional(),
  /** The job ends when a larger share of the rows cannot be used. */
  badShareMax: z.number().min(0).max(1).default(0.01),
});
export type DedupRequest = z.infer<typeof dedupRequestSchema>;

const taskSchema = z.strictObject({
  /** Number of the input. */
  file: z.int().min(0),
  /** The lines that start in this range; a compressed input is one task. */
  start: byteCountSchema,
  end: byteCountSchema,
});
export type DedupTask = z.infer<typeof taskSchema>;

/** Bounds of the stages; the plan fixes them, so that every try of a job divides it alike. */
export const dedupLimitsSchema = z.strictObject({
  /** Bytes of an input that one task takes. */
  taskBytes: byteCountSchema.min(1),
  /** Rows of a task: their hashes lie in memory. */
  taskRowsMax: z.int().min(1),
  /** Partitions of every band. */
  parts: z.int().min(1),
  /** Hash records that one bucket task takes. */
  bucketBytes: byteCountSchema.min(1),
  /** Shingle sets of a bin, as they are estimated. */
  binBytes: byteCountSchema.min(1),
  binsMax: z.int().min(1),
  /** Candidate pairs that fit the memory of stitch. */
  pairsMax: z.int().min(1),
  /** Shingle sets that verify holds at once. */
  verifyBytes: byteCountSchema.min(1),
});
export type DedupLimits = z.infer<typeof dedupLimitsSchema>;

/** `plan.json`: written once, everything later derives from it. */
export const dedupPlanSchema = z.strictObject({
  jobId: sha256Schema,
  request: dedupRequestSchema,
  /** In byte order of the names, which are the keys without the prefix. */
  inputs: z.array(z.strictObject({ name: z.string().min(1), object: objectVersionSchema })),
  tasks: z.array(taskSchema),
  limits: dedupLimitsSchema,
});
export type DedupPlan = z.infer<typeof dedupPlanSchema>;

/** `OUT/_mithril/job.json`: which job this output is of. The first one wins. */
export const dedupClaimSchema = z.strictObject({
  jobId: sha256Schema,
  request: dedupRequestSchema,
  tasks: z.int().min(0),
  inputs: z.int().min(0),
});
export type DedupClaim = z.infer<typeof dedupClaimSchema>;
