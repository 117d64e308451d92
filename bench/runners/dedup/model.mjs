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
/** Keys are written once, and read twice to find those that occur again. */
const DISK_PASSES = 3;

/** Lambdas of one vCPU (1,769 MB): bytes a second from S3, the slowest task, start of a stage, price. */
const LAMBDA = { count: 1000, s3Bytes: 75e6, stragglers: 1.5, startSeconds: 30 };
const LAMBDA_DOLLARS_A_SECOND = 1.769 * 0.0000166667;
/** hash, bucket, stitch, shingle, verify, filter. */
const STAGES = 6;
/** Inputs are read to hash, to compare and to write; spills are written and read. */
const [INPUT_PASSES, SPILL_PASSES] = [3, 2];
/** Components are found by one task: pairs of a row, and pairs a second. */
const STITCH = { pairsOfRow: 0.5, pairsASecond: 3e6 };

/** From the CPU time and the bytes of a document in one run on one core. */
export function printModel({ cpuSeconds, rows, bytes }) {
  const cpu = (cpuSeconds / rows) * ROWS;
  const input = (bytes / rows) * ROWS;
  const disk = (DISK_PASSES * SPILL_BYTES * ROWS) / MACHINE.diskBytes;
  const machine = cpu / MACHINE.cores / MACHINE.efficiency + disk;
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
