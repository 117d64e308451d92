import type { DedupTask } from '../../contracts/dedup-job.ts';
import { BESIDE } from '../../contracts/dedup-keys.ts';
import {
  DEDUP_CELLS_MAX,
  DEDUP_COMPRESSED_BYTES_MAX,
  DEDUP_INPUTS_MAX,
  DEDUP_PARTITION_BYTES,
  DEDUP_PLAIN_BYTES_MAX,
  DEDUP_RECORD_BYTES,
  DEDUP_ROW_BYTES_LEAST,
  DEDUP_TASK_BYTES_MAX,
  DEDUP_TASK_BYTES_MIN,
  DEDUP_TASKS_MAX,
  DEDUP_TASKS_WANTED,
  DEDUP_UNPACKED_FACTOR,
} from '../../contracts/dedup-limits.ts';

/** What the engine reads; other objects below the prefix are passed over. */
const KNOWN = /\.(?:jsonl|ndjson|json)(?:\.gz|\.zst)?$/iu;
/** Reports of an earlier job are no dataset. */
const OURS = new RegExp(`(?:^|/)${BESIDE}`, 'u');
const PACKED = /\.(?:gz|zst)$/iu;

export const isDataset = (name: string): boolean => KNOWN.test(name) && !OURS.test(name);
export const isPacked = (name: string): boolean => PACKED.test(name);

export interface SizedInput {
  readonly name: string;
  readonly bytes: number;
}

/** What the job cannot do, and what can; null: nothing stands against it. */
export function objectionTo(inputs: readonly SizedInput[]): string | null {
  if (inputs.length === 0) return 'No .jsonl, .jsonl.gz or .jsonl.zst object is below the prefix.';
  if (inputs.length > DEDUP_INPUTS_MAX) {
    return `There are ${inputs.length} objects; a job takes ${DEDUP_INPUTS_MAX}. Join small ones.`;
  }
  const large = inputs.find(
    ({ name, bytes }) =>
      bytes > (isPacked(name) ? DEDUP_COMPRESSED_BYTES_MAX : DEDUP_PLAIN_BYTES_MAX),
  );
  if (large !== undefined) {
    const most = isPacked(large.name) ? DEDUP_COMPRESSED_BYTES_MAX : DEDUP_PLAIN_BYTES_MAX;
    return `${large.name} has ${large.bytes} bytes; one function reads at most ${most} in its time. Split it, or run mithril dedup on one large machine (AWS Batch).`;
  }
  const total = inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = DEDUP_TASKS_MAX * DEDUP_TASK_BYTES_MAX;
  return total > most
    ? `The inputs have ${total} bytes; a job takes ${most}. A set of this size belongs on EMR.`
    : null;
}

/** Bytes of lines, with compressed inputs at the usual ratio. */
export const textBytesOf = (inputs: readonly SizedInput[]): number =>
  inputs.reduce(
    (sum, { name, bytes }) => sum + bytes * (isPacked(name) ? DEDUP_UNPACKED_FACTOR : 1),
    0,
  );

/** Rows at most, for the division of the keys. */
const rowsAtMost = (inputs: readonly SizedInput[]): number =>
  Math.ceil(textBytesOf(inputs) / DEDUP_ROW_BYTES_LEAST);

export function taskBytesFor(inputs: readonly SizedInput[]): number {
  const total = inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  const wanted = Math.ceil(total / DEDUP_TASKS_WANTED);
  return Math.min(DEDUP_TASK_BYTES_MAX, Math.max(DEDUP_TASK_BYTES_MIN, wanted));
}

/** The tasks of all inputs, in order; every input has one at least, so that its output is there. */
export function planTasks(inputs: readonly SizedInput[], taskBytes: number): readonly DedupTask[] {
  return inputs.flatMap(({ name, bytes }, file) => {
    const step = isPacked(name) ? Math.max(bytes, 1) : taskBytes;
    const count = Math.max(1, Math.ceil(bytes / step));
    return Array.from({ length: count }, (_, at) => ({
      file,
      start: at * step,
      end: Math.min(bytes, (at + 1) * step),
    }));
  });
}

/**
 * Partitions of a band: so many that the records of one fit the memory of a worker, and so few that
 * tasks x partitions stays a number of reads that is worth its price.
 */
export function partsFor(inputs: readonly SizedInput[], tasks: number, bands: number): number {
  const wanted = Math.ceil((rowsAtMost(inputs) * DEDUP_RECORD_BYTES) / DEDUP_PARTITION_BYTES);
  const most = Math.floor(DEDUP_CELLS_MAX / (Math.max(1, tasks) * bands));
  return Math.max(1, Math.min(wanted, most));
}

/** Bins at most, by the same rule: every task has a place for every bin. */
export const binsMaxFor = (tasks: number): number =>
  Math.max(1, Math.min(DEDUP_TASKS_MAX, Math.floor(DEDUP_CELLS_MAX / Math.max(1, tasks))));
