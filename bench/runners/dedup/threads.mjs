// One thread and two: the same bytes, wall time in one process each, taking turns.
import { capture, median, memoryFolder } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { textsOf, writeRows } from './inputs.mjs';

const SETS = ['agnews_test', 'tweeteval', 'imdb_train'];
const THREADS = [1, 2];
const ROUNDS = 31;
const QUICK_ROUNDS = 2;

export function threads({ options, example }) {
  const speed = example('dedup_speed');
  const work = memoryFolder();
  const rounds = options.quick ? QUICK_ROUNDS : ROUNDS;
  const result = {};
  for (const name of SETS) {
    const texts = textsOf(name, { data: options.data });
    if (texts === null) continue;
    result[name] = compare(speed, writeRows(work, name, texts).file, { work, rounds });
  }
  printTable('One thread and two, files in memory, wall time', [
    ['set', 'rows', 'one thread, rows/s', 'two, rows/s', 'times as fast'],
    ...Object.entries(result).map(([name, { rows, rowsPerSecond, timesOne }]) => [
      name,
      rows,
      ...rowsPerSecond.map((rate) => rate.toFixed(0)),
      timesOne.toFixed(2),
    ]),
  ]);
  return result;
}

function compare(speed, file, { work, rounds }) {
  const takes = THREADS.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, count] of THREADS.entries()) {
      takes[at].push(JSON.parse(capture(speed, [file, `${count}`], { env: { TMPDIR: work } })));
    }
  }
  const digests = new Set(takes.flat().map(({ xxh3 }) => xxh3));
  if (digests.size > 1) throw new Error(`${file}: the bytes depend on the threads`);
  const rowsPerSecond = takes.map((took) => median(took.map((it) => it.rowsPerWallSecond)));
  const pairs = takes[1].map((two, round) => takes[0][round].wallSeconds / two.wallSeconds);
  return { rows: takes[0][0].rows, rowsPerSecond, timesOne: median(pairs) };
}
