import type { Sha256 } from './brands.ts';
import { WORK_PREFIX } from './checkpoint-keys.ts';

/** Stages in their order; each has one marker a task. */
export const DEDUP_STAGES = [
  'hash',
  'gather',
  'bucket',
  'stitch',
  'shingle',
  'verify',
  'filter',
  'report',
] as const;
export type DedupStage = (typeof DEDUP_STAGES)[number];

/** Datasets may lie here, and results go here, without any configuration. */
export const DATASETS_PREFIX = 'datasets/';
export const DEDUPLICATED_PREFIX = 'deduplicated/';

/** Plans, spills and markers; they expire with the other work objects. */
export const DEDUP_WORK_PREFIX = `${WORK_PREFIX}dedup/`;

const number = (value: number): string => String(value).padStart(6, '0');
const work = (jobId: Sha256): string => `${DEDUP_WORK_PREFIX}${jobId}/`;

export const dedupPlanKey = (jobId: Sha256): string => `${work(jobId)}plan.json`;
/** The lines of a Map. */
export const dedupItemsKey = (jobId: Sha256, stage: DedupStage): string =>
  `${work(jobId)}${stage}.jsonl`;
export const dedupMarkerPrefix = (jobId: Sha256, stage: DedupStage): string =>
  `${work(jobId)}done/${stage}/`;
/** Written behind the task's objects: what it says is done. */
export const dedupMarkerKey = (jobId: Sha256, stage: DedupStage, task: number): string =>
  `${dedupMarkerPrefix(jobId, stage)}${number(task)}.json`;
/** Output `output` of a task: the same bytes, whoever writes it. */
export const dedupObjectKey = (
  jobId: Sha256,
  stage: DedupStage,
  task: number,
  output = 0,
): string => `${work(jobId)}${stage}/${number(task)}-${output}.bin`;

/** Beside the outputs, below their prefix. */
export const BESIDE = '_mithril/';
export const claimName = `${BESIDE}job.json`;
export const totalsName = `${BESIDE}totals.json`;
export const reportName = (name: string): string => `${BESIDE}report/${name}.jsonl`;
export const rejectedName = (name: string): string => `${BESIDE}rejected/${name}.jsonl`;
