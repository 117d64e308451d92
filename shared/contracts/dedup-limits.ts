import { LAMBDA_MIB_PER_VCPU } from './limits.ts';

/** Bounds of the dedup job. Names carry their unit; docs/dedup-job.md derives them. */

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Children of one Distributed Map. */
export const DEDUP_TASKS_MAX = 10_000;
export const DEDUP_INPUTS_MAX = 10_000;
/** Small jobs have few tasks, large ones about so many. */
export const DEDUP_TASKS_WANTED = 1_000;
export const DEDUP_TASK_BYTES_MIN = 32 * MIB;
export const DEDUP_TASK_BYTES_MAX = GIB;
/** One function reads and writes an object in its 15 minutes at about 50 MB/s. */
export const DEDUP_PLAIN_BYTES_MAX = 20 * GIB;
export const DEDUP_COMPRESSED_BYTES_MAX = GIB;
/** Text of a compressed object, as a rule. */
export const DEDUP_UNPACKED_FACTOR = 4;
/** 232 bytes a row in the memory of hash. */
export const DEDUP_TASK_ROWS_MAX = 12_000_000;

/** Tasks x partitions and tasks x bins: each is one ranged read. */
export const DEDUP_CELLS_MAX = 1_000_000;
/** A key, a digest, three more keys and the row. */
export const DEDUP_RECORD_BYTES = 44;
/** Records of one partition, so that one worker sorts them in memory. */
export const DEDUP_PARTITION_BYTES = 256 * MIB;
/** 48 bytes each in the memory of bucket. */
export const DEDUP_PARTITION_RECORDS_MAX = 45_000_000;
/** Shorter rows than this on average make partitions larger than planned, nothing else. */
export const DEDUP_ROW_BYTES_LEAST = 100;

export const DEDUP_BUCKET_BYTES = 128 * MIB;
export const DEDUP_BIN_BYTES = 256 * MIB;
export const DEDUP_VERIFY_BYTES = 512 * MIB;
/** About 60 bytes a pair in the memory of stitch, besides 4 bytes a row. */
export const DEDUP_PAIRS_MAX = 100_000_000;

/** Workers of one stage at once, unless the configuration says otherwise. */
export const DEDUP_WORKERS_DEFAULT = 200;

/**
 * Memory of the functions, by stage: two vCPU where texts are read, one for the engine's thread and
 * one for the transfer; stitch holds the pairs of the whole job.
 */
export const DEDUP_STAGE_MIB = {
  plan: LAMBDA_MIB_PER_VCPU,
  hash: 2 * LAMBDA_MIB_PER_VCPU,
  gather: LAMBDA_MIB_PER_VCPU,
  bucket: 2 * LAMBDA_MIB_PER_VCPU,
  stitch: 10_240,
  shingle: 2 * LAMBDA_MIB_PER_VCPU,
  verify: 2 * LAMBDA_MIB_PER_VCPU,
  filter: 2 * LAMBDA_MIB_PER_VCPU,
  report: LAMBDA_MIB_PER_VCPU,
} as const;
export type WorkStage = keyof typeof DEDUP_STAGE_MIB;

/** Attempts that `submit` makes names for. */
export const DEDUP_ATTEMPTS_MAX = 100;

/** Parts of an upload; larger ones only cost memory. */
export const DEDUP_PART_BYTES = 8 * MIB;
/** Ranged reads of one worker at the same time. */
export const DEDUP_READ_CONCURRENCY = 16;
/** Objects that a refusal names. */
export const DEDUP_NAMED_MAX = 20;
