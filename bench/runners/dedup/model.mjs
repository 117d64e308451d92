// What a billion documents would take: arithmetic on one measured run, not a measurement. The same
// formulas, in words, are in docs/dedup.md ("A billion documents, modelled").
import { printTable } from '../shared/table.mjs';

const ROWS = 1e9;
/** Of a row in a spill, with 20 bands. */
const SPILL_BYTES = 188;
/** Of `--memory`, for each row. */
const ROW_STATE_BYTES = (5 * 8) / 3;

/** One machine: two threads of a core are not two cores; bytes a second of its disk; its price. */
const MACHINE = { cores: 16, efficiency: 0.7, diskBytes: 1e9, dollarsAnHour: 0.68 };
/**
 * Bands whose keys are looked at side by side share an eighth of the memory; a key takes 16 bytes of it,
 * and an eighth to spare. Keys are read twice for each part that fits. Up to `partsBest` parts all
 * threads have a band (native/minhash/src/run/candidates.rs).
 */
const KEYS = { bytesOfRow: 20 * 8, bytesInMemory: 18, share: 1 / 8, reads: 2, partsBest: 8 };

/** Lambdas of one vCPU (1,769 MB): bytes a second from S3, the slowest task, start of a stage, price. */
const LAMBDA = { count: 1000, s3Bytes: 75e6, stragglers: 1.5, startSeconds: 30 };
const LAMBDA_DOLLARS_A_SECOND = 1.769 * 0.0000166667;
/** hash, bucket, stitch, shingle, verify, filter. */
const STAGES = 6;
/** Inputs are read to hash, to compare and to write; spills are written and read. */
const [INPUT_PASSES, SPILL_PASSES] = [3, 2];
/** Components are found by one task: pairs of a row, and pairs a second. */
const STITCH = { pairsOfRow: 0.5, pairsASecond: 3e6 };

/** Bands that are looked at side by side on the machine, and the parts of each. */
function bandsOfMachine() {
  const partsOf = (bands) =>
    Math.ceil((KEYS.bytesInMemory * bands) / (ROW_STATE_BYTES * KEYS.share));
  let bands = MACHINE.cores;
  while (bands > 1 && partsOf(bands) > KEYS.partsBest) bands = Math.ceil(bands / 2);
  return { bands, parts: partsOf(bands) };
}

/** Seconds on the machine: all threads but for the candidates, then these, then the disk. */
function secondsOfMachine(cpu, stageSeconds) {
  const all = Object.values(stageSeconds).reduce((sum, seconds) => sum + seconds, 0);
  const ofCandidates = cpu * (stageSeconds.candidates / all);
  const { bands, parts } = bandsOfMachine();
  const threads = (count) => Math.max(1, count * MACHINE.efficiency);
  const bytes = (SPILL_BYTES + KEYS.reads * parts * KEYS.bytesOfRow) * ROWS;
  const computing = (cpu - ofCandidates) / threads(MACHINE.cores) + ofCandidates / threads(bands);
  return computing + bytes / MACHINE.diskBytes;
}

/** From the CPU time and the bytes of a document in one run on one core. */
export function printModel({ cpuSeconds, rows, bytes, stageSeconds }) {
  const cpu = (cpuSeconds / rows) * ROWS;
  const input = (bytes / rows) * ROWS;
  const machine = secondsOfMachine(cpu, stageSeconds);
  const moved = INPUT_PASSES * input + SPILL_PASSES * SPILL_BYTES * ROWS;
  const parallel = (cpu + moved / LAMBDA.s3Bytes) * LAMBDA.stragglers;
  const stitch = (STITCH.pairsOfRow * ROWS) / STITCH.pairsASecond;
  const lambdas = parallel / LAMBDA.count + stitch + STAGES * LAMBDA.startSeconds;
  const model = {
    cpuSeconds: cpu,
    memoryBytes: ROW_STATE_BYTES * ROWS,
    scratchBytes: SPILL_BYTES * ROWS,
    machine: { seconds: machine, dollars: (machine / 3600) * MACHINE.dollarsAnHour },
    lambdas: { seconds: lambdas, dollars: (parallel + stitch) * LAMBDA_DOLLARS_A_SECOND },
  };
  const line = (where, { seconds, dollars }) => [
    where,
    (seconds / 60).toFixed(0),
    dollars.toFixed(2),
  ];
  printTable('A billion such documents, modelled', [
    ['where', 'minutes', 'dollars of computing'],
    line(`one machine of ${MACHINE.cores} cores`, model.machine),
    line(`${LAMBDA.count} Lambdas at once`, model.lambdas),
  ]);
  return model;
}
