import { DEDUP_RECORD_BYTES, type WorkStage } from '../../contracts/dedup-limits.ts';
import { PRICES } from '../cost/prices.ts';
import { callsOf, costOfStage, type JobDivision } from './job-cost.ts';
import { binsMaxFor, isPacked, partsFor, type SizedInput, textBytesOf } from './plan-tasks.ts';

/** What docs/dedup-job.md derives; rates are of one worker of two vCPU, cautious for Graviton. */
const RATES = {
  /** Text that is read, parsed and hashed. */
  hashBytesPerSecond: 40e6,
  /** Network of one function. */
  transferBytesPerSecond: 75e6,
  /** Records that are sorted into buckets. */
  recordsPerSecond: 5e6,
  /** Pairs that stitch joins, sorts and packs. */
  pairsPerSecond: 1e6,
  /** Start of a state and of its functions. */
  startSeconds: 3,
} as const;

export interface JobShape {
  readonly inputs: readonly SizedInput[];
  readonly tasks: number;
  readonly bands: number;
  readonly rowBytes: number;
  /** Share of the rows that are candidates. */
  readonly candidateShare: number;
  readonly workers: number;
}

export interface StageEstimate {
  readonly stage: string;
  readonly calls: number;
  readonly seconds: number;
  readonly usd: number;
}

export interface JobEstimate {
  readonly textBytes: number;
  readonly rows: number;
  readonly shuffleBytes: number;
  /** Candidate pairs, each once. */
  readonly pairs: number;
  readonly stages: readonly StageEstimate[];
  readonly seconds: number;
  readonly usd: number;
}

const GIB = 1024 ** 3;
const BUCKET_BYTES = 128 * 1024 ** 2;
const BIN_BYTES = 256 * 1024 ** 2;
/** Pairs for a candidate, and bytes of its shingles for a byte of text. */
const PAIRS_PER_CANDIDATE = 2;
const SET_FACTOR = 2;
const SMALL_READS_PER_SECOND = 500;
/** After which work objects expire. */
const WORK_DAYS = 14;
const MONTH_DAYS = 30;

/** Time and price of a job, from how much there is and how much of it is alike. */
export function estimateJob(shape: JobShape): JobEstimate {
  const textBytes = textBytesOf(shape.inputs);
  const rows = Math.ceil(textBytes / shape.rowBytes);
  const shuffleBytes = rows * shape.bands * DEDUP_RECORD_BYTES;
  const stages = stagesOf(shape, { textBytes, rows, shuffleBytes });
  const storage = (shuffleBytes / GIB) * (WORK_DAYS / MONTH_DAYS) * PRICES.s3GibMonth;
  const total = (of: (stage: StageEstimate) => number): number =>
    stages.reduce((sum, stage) => sum + of(stage), 0);
  return {
    textBytes,
    rows,
    shuffleBytes,
    pairs: Math.round(rows * shape.candidateShare * PAIRS_PER_CANDIDATE),
    stages,
    seconds: total(({ seconds }) => seconds),
    usd: total(({ usd }) => usd) + storage,
  };
}

function stagesOf(shape: JobShape, sizes: JobSizes): readonly StageEstimate[] {
  const { division, each } = modelOf(shape, sizes);
  const calls = callsOf(division);
  const stageOf = (stage: WorkStage, seconds: number): StageEstimate => ({
    stage,
    calls: calls[stage],
    seconds: RATES.startSeconds + Math.ceil(calls[stage] / shape.workers) * seconds,
    usd: costOfStage({ stage, seconds: calls[stage] * (seconds + 1) }, division),
  });
  return each.map(([stage, seconds]) => stageOf(stage, seconds));
}

interface JobSizes {
  readonly textBytes: number;
  readonly rows: number;
  readonly shuffleBytes: number;
}

interface JobModel {
  readonly division: JobDivision;
  /** Seconds of one call. */
  readonly each: readonly (readonly [stage: WorkStage, seconds: number])[];
}

function modelOf({ inputs, tasks, bands, candidateShare }: JobShape, sizes: JobSizes): JobModel {
  const { hashBytesPerSecond, transferBytesPerSecond, recordsPerSecond, pairsPerSecond } = RATES;
  const { textBytes, rows, shuffleBytes } = sizes;
  const partitions = bands * partsFor(inputs, tasks, bands);
  const buckets = Math.max(1, Math.min(partitions, Math.ceil(shuffleBytes / BUCKET_BYTES)));
  const setBytes = textBytes * candidateShare * SET_FACTOR;
  const bins = Math.max(1, Math.min(binsMaxFor(tasks), Math.ceil(setBytes / BIN_BYTES)));
  const pairs = rows * candidateShare * PAIRS_PER_CANDIDATE;
  const transfer = (bytes: number): number => bytes / transferBytesPerSecond;
  const records = shuffleBytes / DEDUP_RECORD_BYTES;
  const largest = inputs.reduce((most, it) => Math.max(most, textBytesOf([it])), 0);
  const packed = inputs.some(({ name }) => isPacked(name)) ? 2 : 1;
  const read = textBytes / tasks / hashBytesPerSecond;
  return {
    division: { inputs: inputs.length, tasks, buckets, bins },
    each: [
      ['plan', 1],
      ['hash', read + transfer(shuffleBytes / tasks)],
      ['gather', (2 * tasks) / SMALL_READS_PER_SECOND],
      ['bucket', transfer(shuffleBytes / buckets) + records / buckets / recordsPerSecond],
      ['stitch', transfer(8 * pairs) + pairs / pairsPerSecond],
      ['shingle', read],
      ['verify', transfer(setBytes / bins) + 1],
      ['filter', packed * 2 * transfer(largest)],
      ['report', (2 * (bins + inputs.length)) / SMALL_READS_PER_SECOND],
    ],
  };
}
