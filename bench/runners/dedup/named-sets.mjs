// The table of seven named sets: those of a folder that a person has, and made ones.
import fs from 'node:fs';
import path from 'node:path';
import { capture } from '../shared/programs.mjs';
import { mib, printTable } from '../shared/table.mjs';
import { makeSynthetic, textsOf, writeRows } from './inputs.mjs';
import { runOnce } from './tools.mjs';

const STAND_IN_ROWS = 1_000_000;
const STAND_IN = 'C4-sample (stand-in: generated, seeded)';

/** What a set is called, and how it is found or made; null where it is not there. */
const NAMED = [
  ...[
    ['AG News', 'agnews_test'],
    ['TweetEval', 'tweeteval'],
    ['Rotten Tomatoes', 'rt_polarity'],
    ['IMDB', 'imdb_train'],
  ].map(
    ([label, name]) =>
      (context) =>
        found(context, label, name),
  ),
  (context) => found(context, 'C4-sample', 'c4_sample') ?? standIn(context),
  ({ work }) => ({ ...makeSynthetic(work, 'exact-1k'), label: 'Synthetic-1K, 30% exact' }),
  ({ work }) => ({ ...makeSynthetic(work, 'near-100k'), label: 'Synthetic-100K, 30% near' }),
];

export function named(context) {
  const result = NAMED.map((make) => make(context)).filter((set) => set !== null);
  const measured = result.map((set) => ({ ...set, ...measure(context, set) }));
  printTable('The seven sets, JSON lines in and out, every pair verified exactly; one core', [
    ['set', 'rows', 'MiB', 'rows/CPU s', 'duplicates', 'share', 'peak MiB'],
    ...measured.map((set) => [
      set.label,
      set.rows,
      mib(set.bytes),
      set.rowsPerCpuSecond.toFixed(0),
      set.removed,
      `${((100 * set.removed) / set.rows).toFixed(2)}%`,
      mib(set.peakBytes),
    ]),
  ]);
  return measured.map(({ origins: _origins, file, ...set }) => ({
    ...set,
    file: path.basename(file),
  }));
}

function found({ options, work }, label, name) {
  const texts = textsOf(name, { data: options.data });
  return texts === null ? null : { ...writeRows(work, `named-${name}`, texts), label };
}

function standIn({ options, work, generator }) {
  const rows = options.quick ? STAND_IN_ROWS / 10 : STAND_IN_ROWS;
  const file = path.join(work, 'stand-in.jsonl');
  capture(generator, [`${rows}`, file]);
  return { name: 'stand-in', label: STAND_IN, file, rows, bytes: fs.statSync(file).size };
}

const ROUNDS = 3;

function measure({ engineTool }, { file, rows }) {
  const takes = Array.from({ length: ROUNDS }, () =>
    runOnce(engineTool, file, `${file}.out.jsonl`),
  );
  const best = takes.sort((a, b) => a.processCpu - b.processCpu)[Math.floor(ROUNDS / 2)];
  return {
    cpuSeconds: best.processCpu,
    rowsPerCpuSecond: rows / best.processCpu,
    peakBytes: best.peakBytes,
    removed: best.told.removed,
  };
}
