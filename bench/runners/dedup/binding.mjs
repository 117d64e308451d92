// What the Python binding loses against the engine, on texts in memory: binding.py.
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { capture, definition } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { PINNED } from '../shared/workers.mjs';
import { makeSynthetic, textsOf, writeRows } from './inputs.mjs';

const ROUNDS = ['--rounds', '31', '--seconds', '1'];
const QUICK_ROUNDS = ['--rounds', '5', '--seconds', '0'];
const REAL = ['agnews_test', 'tweeteval'];

export function binding({ options, work, example }) {
  const worker = example('in_memory_worker');
  const script = definition('dedup', 'binding.py');
  const rounds = options.quick ? QUICK_ROUNDS : ROUNDS;
  const result = {};
  for (const { name, file } of inputs(options, work)) {
    const args = [...PINNED, PYTHON, script, worker, file, ...rounds];
    result[name] = JSON.parse(capture(PYTHON, args));
  }
  printTable(
    'Python against the engine on texts in memory, one thread: rate of the engine = 100%',
    [
      ['set', 'rows', 'engine, CPU ms', 'Arrow', 'list of str'],
      ...Object.entries(result).map(([name, { rows, engine, arrow, list }]) => [
        name,
        rows,
        (engine.cpuSeconds * 1000).toFixed(1),
        ...[arrow, list].map(({ shareOfEngine }) => `${(100 * shareOfEngine).toFixed(0)}%`),
      ]),
    ],
  );
  return result;
}

function inputs(options, work) {
  const real = REAL.flatMap((name) => {
    const texts = textsOf(name, { data: options.data });
    return texts === null ? [] : [writeRows(work, name, texts)];
  });
  return [makeSynthetic(work, 'near-100k'), ...real];
}
