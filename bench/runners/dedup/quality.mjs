// What the engine finds, where the truth is known: planted pairs by similarity, synthetic sets, and
// slices of the real sets against all exact pairs.
import { capture } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { makeSynthetic, removedRows, SETS, textsOf, writeRows } from './inputs.mjs';
import { groupsOf, interval, percent, percentInterval, score } from './score.mjs';
import { runOnce } from './tools.mjs';

const SLICE_ROWS = 10_000;
const THRESHOLD = 0.8;
/** Bands and rows of the default at 0.8. */
const [BANDS, ROWS] = [20, 6];
const EDGES = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1];

export function quality(context) {
  return { bands: byBand(context), synthetic: synthetic(context), slices: slices(context) };
}

function removedBy({ engineTool }, { file, rows }) {
  const output = `${file}.out.jsonl`;
  runOnce(engineTool, file, output);
  return removedRows(output, rows);
}

/** Of the planted pairs of each band of similarity, how many lose a row. */
function byBand(context) {
  const set = makeSynthetic(context.work, 'bands');
  const isRemoved = new Set(removedBy(context, set));
  const pairs = set.origins.flatMap(({ of, similarity }, row) =>
    of === null ? [] : [{ similarity, isFound: isRemoved.has(row) || isRemoved.has(of) }],
  );
  const result = EDGES.slice(1).map((high, at) => {
    const low = EDGES[at];
    const inBand = pairs.filter(({ similarity }) => similarity >= low && similarity < high);
    const found = inBand.filter(({ isFound }) => isFound).length;
    return { low, high, found: interval(found, inBand.length), expected: expectedOf(inBand) };
  });
  for (const { low, found } of result) {
    if (low < THRESHOLD && found.share > 0) throw new Error(`a pair of ${low} lost a row`);
  }
  printTable('Planted pairs of which a row is removed, by exact similarity; threshold 0.8', [
    ['similarity', 'pairs', 'removed (95% interval)', 'by the curve'],
    ...result.map(({ low, high, found, expected }) => [
      `${low} to ${high}`,
      found.of,
      percentInterval(found),
      `${(100 * expected).toFixed(2)}%`,
    ]),
  ]);
  return result;
}

/** What the bands should find of pairs: the mean of the S-curve, and nothing below the threshold. */
function expectedOf(pairs) {
  const curve = ({ similarity }) =>
    similarity < THRESHOLD ? 0 : 1 - (1 - similarity ** ROWS) ** BANDS;
  return pairs.reduce((sum, pair) => sum + curve(pair), 0) / pairs.length;
}

function synthetic(context) {
  const result = {};
  for (const kind of ['exact-1k', 'near-100k']) {
    const set = makeSynthetic(context.work, kind);
    const planted = set.origins.flatMap(({ of }, row) => (of === null ? [] : [[of, row]]));
    result[kind] = { rows: set.rows, ...score(removedBy(context, set), groupsOf(planted)) };
  }
  print(
    'Synthetic sets: three tenths of the rows are copies, equal or with one or two words changed',
    result,
  );
  return result;
}

function slices(context) {
  const result = {};
  for (const name of SETS) {
    const texts = textsOf(name, { data: context.options.data, rowsMax: SLICE_ROWS });
    if (texts === null) continue;
    const set = writeRows(context.work, `${name}-slice`, texts);
    const pairs = JSON.parse(capture(context.exactPairs, [set.file]));
    result[name] = { rows: set.rows, ...score(removedBy(context, set), groupsOf(pairs)) };
  }
  print(`The first ${SLICE_ROWS} rows of real sets, against all exact pairs`, result);
  return result;
}

function print(title, result) {
  printTable(title, [
    ['set', 'rows', 'removable', 'removed', 'precision', 'recall (95% interval)'],
    ...Object.entries(result).map(([name, found]) => [
      name,
      found.rows,
      found.removable,
      found.removed,
      percent(found.precision),
      percentInterval(found.recall),
    ]),
  ]);
}
