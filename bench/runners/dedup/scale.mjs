// Generated documents, so many that hashes do not fit the memory: rate, memory, and how both grow.
import fs from 'node:fs';
import path from 'node:path';
import { capture } from '../shared/programs.mjs';
import { mib, printTable } from '../shared/table.mjs';
import { printModel } from './model.mjs';
import { runOnce, withMemory } from './tools.mjs';

const MILLION = 1_000_000;
const MEMORY_BYTES = 1e9;
/** Rows, and the bytes of memory: the tenth part takes the way through the scratch folder, too. */
const RUNS = [
  [MILLION, MEMORY_BYTES / 10],
  [MILLION, MEMORY_BYTES],
  [10 * MILLION, MEMORY_BYTES],
];
const QUICK_DIVISOR = 10;

export function scale(context) {
  const divisor = context.options.quick ? QUICK_DIVISOR : 1;
  const runs = RUNS.map(([rows, memory]) => measure(context, rows / divisor, memory / divisor));
  const [byScratch, inMemory, large] = runs;
  const times = (small) => large.cpuSeconds / ((small.cpuSeconds * large.rows) / small.rows);
  const slopes = { throughScratch: times(byScratch), inMemory: times(inMemory) };
  print(runs, slopes);
  return { runs, slopes, model: printModel(large) };
}

function measure({ work, engineTool, generator }, rows, memory) {
  const input = path.join(work, `generated-${rows}.jsonl`);
  const made = fs.existsSync(`${input}.copies`)
    ? fs.readFileSync(`${input}.copies`, 'utf8')
    : capture(generator, [`${rows}`, input]);
  fs.writeFileSync(`${input}.copies`, made);
  const output = path.join(work, 'generated.out.jsonl');
  process.stderr.write(`  ${rows} documents, ${mib(memory)} MiB\n`);
  const took = runOnce(withMemory(engineTool, memory), input, output);
  if (took.told.removed !== JSON.parse(made).copies) {
    throw new Error(`removed ${took.told.removed} of ${rows} documents, not its copies`);
  }
  return {
    rows,
    bytes: fs.statSync(input).size,
    memory,
    cpuSeconds: took.processCpu,
    rowsPerCpuSecond: rows / took.processCpu,
    peakBytes: took.peakBytes,
    removed: took.told.removed,
    stageSeconds: took.told.stageSeconds,
  };
}

function print(runs, slopes) {
  const percent = (slope) => `${((slope - 1) * 100).toFixed(0)}%`;
  printTable(
    'Generated documents of 40 words, three tenths of them near copies; one core; every copy was found',
    [
      ['documents', 'MiB', 'memory MiB', 'peak MiB', 'CPU s', 'rows/CPU s'],
      ...runs.map((run) => [
        run.rows,
        mib(run.bytes),
        mib(run.memory),
        mib(run.peakBytes),
        run.cpuSeconds.toFixed(1),
        run.rowsPerCpuSecond.toFixed(0),
      ]),
    ],
    `CPU time of a document in the last run against the first: ${percent(slopes.throughScratch)} more; against the second, which needs no disk: ${percent(slopes.inMemory)} more`,
  );
}
