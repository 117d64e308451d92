// Inputs at the edges (edges.py): sizes by the command, each restored and compared first.
import fs from 'node:fs';
import path from 'node:path';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { capture, definition } from '../shared/programs.mjs';
import { printTable, ratio } from '../shared/table.mjs';
import { roundTrip } from './inputs.mjs';

const STEPS = 10;
const ZEROS_RATIO_MIN = 28_000;
const RANDOM_GROWTH_MAX = 1.001;
const ALONE = {
  tiny: '1,000 tensors under 1 KB',
  'one-tensor': 'one tensor of 100 MB',
  zeros: `100 MB of zeros (at least ${ZEROS_RATIO_MIN}x)`,
  random: '100 MB of random bits (at most 0.1% larger)',
  identical: 'one tensor of 46.9 MB under 8 names',
};

export function edges({ work, modelFile }) {
  const folder = path.join(work, 'edges');
  fs.mkdirSync(folder);
  capture(PYTHON, [definition('edges.py'), modelFile, folder]);
  const file = (name) => path.join(folder, `${name}.safetensors`);
  const result = {};
  for (const name of Object.keys(ALONE)) result[name] = roundTrip(work, file(name));
  result['identical-step'] = roundTrip(work, file('chain-0'), { bases: [file('chain-0')] });
  result.chain = chain(work, file);
  fs.rmSync(folder, { recursive: true });
  result.holds = {
    zeros: result.zeros.ratio >= ZEROS_RATIO_MIN,
    random: result.random.bytesOut <= result.random.bytesIn * RANDOM_GROWTH_MAX,
  };
  print(result);
  return result;
}

/** Each step against the packed one before it; the last is restored through all of them. */
function chain(work, file) {
  const packed = (step) => path.join(work, `chain-${step}.mith`);
  const steps = [];
  for (let step = 0; step <= STEPS; step++) {
    const bases = Array.from({ length: step }, (_, back) => packed(step - 1 - back));
    steps.push(roundTrip(work, file(`chain-${step}`), { bases, keep: packed(step) }));
  }
  for (let step = 0; step <= STEPS; step++) fs.rmSync(packed(step));
  const sum = (field) => steps.reduce((total, step) => total + step[field], 0);
  const [bytesIn, bytesOut] = [sum('bytesIn'), sum('bytesOut')];
  return { steps, bytesIn, bytesOut, ratio: bytesIn / bytesOut };
}

function print(result) {
  const row = (title, { bytesIn, bytesOut, ratio: found }, holds) => [
    title,
    bytesIn,
    bytesOut,
    ratio(found),
    holds === undefined ? '' : holds ? 'yes' : 'NO',
  ];
  const rows = Object.entries(ALONE).map(([name, title]) =>
    row(title, result[name], result.holds[name]),
  );
  const last = result.chain.steps.at(-1);
  printTable('At the edges', [
    ['input', 'bytes', 'stored', 'ratio', 'holds'],
    ...rows,
    row('a step equal to its base', result['identical-step']),
    row(`chain of ${STEPS} deltas, 1% each: last step`, last),
    row(`chain of ${STEPS} deltas: all ${STEPS + 1} steps`, result.chain),
  ]);
}
