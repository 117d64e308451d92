// Estimates of MinHash signatures against exact similarities of the whole range: correlation.py.
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { capture, definition } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';

const PAIRS = 20_000;
const QUICK_PAIRS = 2000;

export function correlation({ options }) {
  const script = definition('dedup', 'correlation.py');
  const pairs = `${options.quick ? QUICK_PAIRS : PAIRS}`;
  const found = JSON.parse(capture(PYTHON, [script, '--pairs', pairs]));
  printTable('MinHash (128 permutations) against exact Jaccard, similarities of the whole range', [
    ['pairs', 'correlation', 'RMSE', 'RMSE by theory'],
    [
      found.pairs,
      ...[found.correlation, found.rmse, found.rmseTheory].map((value) => value.toFixed(4)),
    ],
  ]);
  return found;
}
