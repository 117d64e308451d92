// The checkpoint benchmark, part by part (docs/benchmarks.md says what each measures).
import { setUp } from '../../../scripts/setup.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { buildExample, temporaryFolder } from '../shared/programs.mjs';
import { finishRecord, startRecord } from '../shared/record.mjs';
import { mib, printTable, ratio } from '../shared/table.mjs';
import { ROUNDS } from '../shared/workers.mjs';
import { besideZstd, byLevel, byThreads } from './codec.mjs';
import { memory, pipeline, startUp } from './command.mjs';
import { edges } from './edges.mjs';
import { makeInputs, model, roundTrip } from './inputs.mjs';
import { models } from './models.mjs';
import { peers } from './peers.mjs';
import { series } from './series.mjs';

const QUICK_ROUNDS = 3;

/** Every part, and when it runs without being asked for by `--only`. */
const PARTS = {
  ratio: { run: ratios, isDue: () => true },
  codec: { run: besideZstd, isDue: () => true },
  levels: { run: byLevel, isDue: () => true },
  threads: { run: byThreads, isDue: () => true },
  edges: { run: edges, isDue: ({ quick }) => !quick },
  startup: { run: startUp, isDue: () => true },
  memory: { run: memory, isDue: ({ quick }) => !quick },
  pipeline: { run: pipeline, isDue: () => true },
  series: { run: series, isDue: (options) => options.series },
  peers: { run: peers, isDue: (options) => options.peers },
  models: { run: models, isDue: (options) => options.models !== undefined },
};

export async function run(options) {
  const names = selected(options);
  const { cargoEnv } = await setUp(['test']);
  const record = startRecord('checkpoint', options);
  const work = temporaryFolder();
  const context = {
    options,
    work,
    cargoEnv,
    modelFile: model(),
    inputs: makeInputs(work),
    worker: buildExample('mithril-checkpoint', 'codec_worker', cargoEnv),
    rounds: options.quick ? QUICK_ROUNDS : ROUNDS,
  };
  for (const name of names) {
    process.stderr.write(`${name} ...\n`);
    record[name] = await PARTS[name].run(context);
  }
  finishRecord(record);
}

function selected(options) {
  if (options.only === undefined) {
    return Object.keys(PARTS).filter((name) => PARTS[name].isDue(options));
  }
  const names = options.only.split(',');
  const unknown = names.find((name) => !PARTS[name]);
  if (unknown !== undefined) {
    throw new SetupError(`The checkpoint benchmark has no part "${unknown}"`, {
      advice: `Parts: ${Object.keys(PARTS).join(', ')}`,
    });
  }
  return names;
}

/** Container included: alone, and against the step before. */
function ratios({ work, inputs }) {
  const result = {};
  for (const { name, file, base } of inputs) {
    result[name] = roundTrip(work, file, { bases: base ? [base] : [] });
  }
  const rows = Object.entries(result).map(([name, found]) => [
    name,
    mib(found.bytesIn),
    mib(found.bytesOut),
    ratio(found.ratio),
  ]);
  printTable('Packed files of all-MiniLM-L6-v2 (step2: 1% of the weights changed)', [
    ['input', 'MiB', 'packed MiB', 'ratio'],
    ...rows,
  ]);
  return result;
}
