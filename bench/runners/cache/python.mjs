// Parts that the Python client measures itself, in processes of its own (bench/definitions).
import { PYTHON_ML } from '../../../scripts/setup/python-ml.mjs';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { capture, definition } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';

const measured = (python, name, ...args) =>
  JSON.parse(capture(python, [definition(name), ...args]));

/** A fresh process to a compiled model's first result: torch alone, and with the cache. */
export function torch({ options }) {
  const found = measured(PYTHON_ML, 'cold_start.py', '--rounds', options.quick ? '2' : '5');
  printTable('Fresh process to first compiled result (medians)', [
    ['way', 'wall s', 'CPU s', 'first call s', 'CPU by warm torch', 'compilers'],
    ...Object.entries(found.ways).map(([way, { wall, cpu, phases, cpuRatio, compilers }]) => [
      way,
      wall,
      cpu,
      phases['first call'][0],
      cpuRatio,
      Math.max(...compilers),
    ]),
  ]);
  const { phases, compilers } = found.ways.remote;
  return {
    ...found,
    hit: {
      importSeconds: phases['import torch'][0],
      callSeconds: phases['first call'][0],
      totalSeconds: Object.values(phases).reduce((sum, [wall]) => sum + wall, 0),
      compilersStarted: Math.max(...compilers),
    },
  };
}

/** What another machine finds of what one compiled, and what one with another instruction set loads. */
export function machines() {
  const found = measured(PYTHON_ML, 'hit_rate.py');
  printTable('Another machine', [
    ['models and shapes', 'hits', 'compiled again', 'compilers', 'hit rate'],
    [found.models, found.second.hits, found.second.misses, found.second.compilers, found.hitRate],
  ]);
  return found;
}

/** Hit rate over the committed trace. */
export function trace() {
  const found = measured(PYTHON_ML, 'cache_trace.py');
  printTable('Trace of compiles on four machines', [
    ['compiles', 'hit rate', 'without the first session'],
    [found.compiles, found.hitRate, found.hitRateAfterFirst],
  ]);
  return found;
}

/** What a miss adds to a compile. */
export function fallback({ options }) {
  const found = measured(PYTHON_ML, 'cache_fallback.py', '--rounds', options.quick ? '1' : '3');
  printTable('A miss', [
    ['server', 'share of the compile', 'waited s', 'compiled s'],
    ...Object.entries(found).map(([state, { share, askedSeconds, compiledSeconds }]) => [
      state,
      share,
      Math.max(...askedSeconds),
      Math.max(...compiledSeconds),
    ]),
  ]);
  return found;
}

/** One run serves the parts that ask for it. */
let steps;

function stepsOfClient() {
  if (steps !== undefined) return steps;
  steps = measured(PYTHON, 'cache_local.py').microseconds;
  printTable('Steps of the Python client', [
    ['step', 'p50 us', 'p99 us', 'max us'],
    ...Object.entries(steps).map(([name, { p50, p99, max }]) => [name, p50, p99, max]),
  ]);
  return steps;
}

/** A unit that is on this disk. */
export function localLookup() {
  const found = stepsOfClient();
  const { p50, p99, max } = found['local lookup'];
  return { local: { p50Ms: p50 / 1000, p99Ms: p99 / 1000, maxMs: max / 1000 }, steps: found };
}

/** The key of a unit. */
export function keyGeneration() {
  const { p50, p99, max } = stepsOfClient().key;
  return { medianUs: p50, p99Us: p99, maxUs: max };
}
