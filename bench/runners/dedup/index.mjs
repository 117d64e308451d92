// Latency of an index of generated texts: index_latency.rs, which checks its answers first.
import path from 'node:path';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { capture } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { PINNED } from '../shared/workers.mjs';

const ROWS = 1_000_000;
const QUICK_ROWS = 100_000;

export function index({ options, work, example }) {
  const rows = options.quick ? QUICK_ROWS : ROWS;
  const args = [...PINNED, example('index_latency'), path.join(work, 'index'), `${rows}`];
  const found = JSON.parse(capture(PYTHON, args));
  const micros = ({ p50, p90, p99, p999, max }) =>
    [p50, p90, p99, p999, max].map((value) => value.toFixed(0));
  printTable('Queries to an index, warm, one thread, microseconds of wall time', [
    ['texts', 'bytes a text', 'queries', 'p50', 'p90', 'p99', 'p99.9', 'max', 'found', 'missed'],
    [
      rows,
      found.bytesPerRow.toFixed(0),
      found.queries,
      ...micros(found),
      found.found,
      found.missed,
    ],
  ]);
  return found;
}
