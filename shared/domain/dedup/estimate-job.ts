import { DEDUP_RECORD_BYTES } from '../../contracts/dedup-limits.ts';
import { binsMaxFor, isPacked, partsFor, type SizedInput, textBytesOf } from './plan-tasks.ts';

/** What docs/dedup-job.md derives; rates are of one worker of two vCPU, cautious for Graviton. */
export const RATES = {
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

/** List prices in USD, us-east-1, arm64; docs/dedup-job.md names the sources. */
export const PRICES = {
  gibSecond: 0.0000133334,
  invocation: 0.2e-6,
  get: 0.4e-6,
  put: 5e-6,
  transition: 25e-6,
  /** A day of the work objects, which expire after 14. */
  gibDay: 0.023 / 30,
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
const [MIB_ONE, MIB_TWO, MIB_MAX] = [1_769, 3_538, 10_240];
const WORK_DAYS = 14;
/** Of one child: the state, its end, and the child itself. */
const TRANSITIONS_PER_CALL = 4;

interface Stage {
  readonly stage: string;
  readonly calls: number;
  /** Seconds of one call. */
  readonly each: number;
  readonly mib: number;
  readonly gets: number;
  readonly puts: number;
}

/** Time and price of a job, from how much there is and how much of it is alike. */
export function estimateJob(shape: JobShape): JobEstimate {
  const textBytes = textBytesOf(shape.inputs);
  const rows = Math.ceil(textBytes / shape.rowBytes);
  const shuffleBytes = rows * shape.bands * DEDUP_RECORD_BYTES;
  const stages = stagesOf(shape, { textBytes, rows, shuffleBytes }).map((stage) =>
    priceOf(stage, shape.workers),
  );
  const storage = (shuffleBytes / GIB) * WORK_DAYS * PRICES.gibDay;
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

function stagesOf(
  { inputs, tasks, bands, candidateShare }: JobShape,
  sizes: { readonly textBytes: number; readonly rows: number; readonly shuffleBytes: number },
): readonly Stage[] {
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
  const stage = (name: string, calls: number, each: number, mib = MIB_TWO, gets = 0): Stage => ({
    stage: name,
    calls,
    each,
    mib,
    gets: gets + 3 * calls,
    puts: 2 * calls,
  });
  return [
    stage('plan', 1, 1, MIB_ONE, inputs.length / 1_000),
    stage('hash', tasks, textBytes / tasks / hashBytesPerSecond + transfer(shuffleBytes / tasks)),
    stage('gather', 1, (2 * tasks) / 500, MIB_ONE, 2 * tasks),
    stage(
      'bucket',
      buckets,
      transfer(shuffleBytes / buckets) + records / buckets / recordsPerSecond,
      MIB_TWO,
      tasks * buckets,
    ),
    stage('stitch', 1, transfer(8 * pairs) + pairs / pairsPerSecond, MIB_MAX, 2 * buckets),
    stage('shingle', tasks, textBytes / tasks / hashBytesPerSecond),
    stage('verify', bins, transfer(setBytes / bins) + 1, MIB_TWO, 3 * tasks * bins),
    stage('filter', inputs.length, packed * 2 * transfer(largest), MIB_TWO, 3 * tasks * bins),
    stage('report', 1, (2 * (bins + inputs.length)) / 500, MIB_ONE, bins + inputs.length),
  ];
}

function priceOf({ stage, calls, each, mib, gets, puts }: Stage, workers: number): StageEstimate {
  const waves = Math.ceil(calls / workers);
  const compute = calls * (each + 1) * (mib / 1_024) * PRICES.gibSecond;
  const requests =
    gets * PRICES.get +
    puts * PRICES.put +
    calls * (PRICES.invocation + TRANSITIONS_PER_CALL * PRICES.transition);
  return { stage, calls, seconds: RATES.startSeconds + waves * each, usd: compute + requests };
}
