import type { CheckpointId, Sha256 } from './brands.ts';

/** Keys of the store bucket. Everything under `v1/work/` expires; `v1/checkpoints/` never does. */
export const CHECKPOINTS_PREFIX = 'v1/checkpoints/';
export const WORK_PREFIX = 'v1/work/';
export const RESTORED_PREFIX_DEFAULT = 'restored/';

export interface Run {
  readonly checkpointId: CheckpointId;
  readonly attempt: number;
}

const number = (value: number): string => String(value).padStart(6, '0');
const checkpoint = (id: CheckpointId): string => `${CHECKPOINTS_PREFIX}${id}/`;
const work = (run: Run): string => `${WORK_PREFIX}${run.checkpointId}/${run.attempt}/`;

export const segmentKey = (id: CheckpointId, stored: Sha256): string =>
  `${checkpoint(id)}segments/${stored}.mseg`;
export const manifestKey = (run: Run): string =>
  `${checkpoint(run.checkpointId)}manifest-${run.attempt}.json`;

export const planKey = (run: Run): string => `${work(run)}plan.json`;
export const layoutKey = (run: Run, batch: number, content: Sha256): string =>
  `${work(run)}layout-${number(batch)}-${content.slice(0, 16)}.json`;
export const encodeBatchesKey = (run: Run): string => `${work(run)}encode.jsonl`;
export const encodeResultPrefix = (run: Run): string => `${work(run)}encode-`;
export const encodeResultKey = (run: Run, batch: number): string =>
  `${encodeResultPrefix(run)}${number(batch)}.json`;
export const segmentProgressKey = (run: Run, segment: number): string =>
  `${work(run)}segment-${number(segment)}.json`;
export const verifyBatchesKey = (run: Run): string => `${work(run)}verify.jsonl`;
export const verifyResultPrefix = (run: Run): string => `${work(run)}verify-`;
export const verifyResultKey = (run: Run, batch: number): string =>
  `${verifyResultPrefix(run)}${number(batch)}.json`;

const COMPRESSED = /^v1\/work\/[0-9a-f]{64}\/[0-9]+\/(?:plan|layout-[0-9a-f-]+)\.json$/u;

/**
 * Plans and layouts grow with the number of tensors and are kept as zstd frames, on every host.
 * All else is stored as it is: `.jsonl` is read by Step Functions, and the rest is small.
 */
export const isCompressedDocument = (key: string): boolean => COMPRESSED.test(key);

/** Metadata of a manifest object: the key of its base's manifest, so that S3 alone is enough. */
export const BASE_MANIFEST_METADATA = 'mithril-base-manifest';
/** Metadata that a team may set on an upload; each overrides what the key pattern finds. */
export const RUN_METADATA = 'mithril-run';
export const STEP_METADATA = 'mithril-step';

/** Work of one restore job, named by the hash of its source and its target. */
const restoreWork = (restoreId: Sha256): string => `${WORK_PREFIX}restore/${restoreId}/`;
export const restorePlanKey = (restoreId: Sha256): string => `${restoreWork(restoreId)}plan.json`;
export const restorePartsKey = (restoreId: Sha256): string =>
  `${restoreWork(restoreId)}parts.jsonl`;
export const restorePartResultKey = (restoreId: Sha256, part: number): string =>
  `${restoreWork(restoreId)}part-${number(part)}.json`;
/** Written when the job ended either way; the next restore to this target is a new job. */
export const restoreDoneKey = (restoreId: Sha256): string => `${restoreWork(restoreId)}done.json`;
