// The parts of the hash stage, each alone: CPU time of a document, whose answer was checked first.
import path from 'node:path';
import { capture, median } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { DATA } from './inputs.mjs';
import { pinned } from './tools.mjs';

const SETS = ['agnews_test', 'tweeteval', 'imdb_train'];
const ROUNDS = 3;
const LINE = /^(?<name>\S.*?) +(?<nanos>[\d.]+) ns\/doc/gmu;
const MINHASH = 'text to signature, keys';

export function stages({ kernels, options }) {
  const env = { MITHRIL_DEDUP_DATA: path.resolve(options.data ?? DATA) };
  const found = SETS.map((set) => [set, measure(kernels, set, env)]);
  const there = found.filter(([, nanos]) => nanos !== null);
  if (there.length === 0) return {};
  printTable('Parts of the hash stage, nanoseconds of CPU time a document, one thread', [
    ['part', ...there.map(([set]) => set)],
    ...Object.keys(there[0][1]).map((part) => [
      part,
      ...there.map(([, nanos]) => nanos[part].toFixed(0)),
    ]),
  ]);
  const [[set, nanos]] = there;
  const minhash = { set, docsPerCpuSecond: 1e9 / nanos[MINHASH] };
  return { minhash, nanosOfDocument: Object.fromEntries(there) };
}

/** Medians of some processes, each of which gives medians; null where the set is not there. */
function measure(kernels, set, env) {
  const rounds = Array.from({ length: ROUNDS }, () => partsOf(kernels, set, env));
  if (rounds.includes(null)) return null;
  const parts = Object.keys(rounds[0]);
  return Object.fromEntries(parts.map((part) => [part, median(rounds.map((it) => it[part]))]));
}

function partsOf(kernels, set, env) {
  const { program, args } = pinned(kernels, [set]);
  let text;
  try {
    text = capture(program, args, { env });
  } catch {
    process.stderr.write(`  skipped: ${set}.jsonl.zst is not in the folder of --data\n`);
    return null;
  }
  const lines = [...text.matchAll(LINE)].map(({ groups }) => [groups.name, Number(groups.nanos)]);
  return Object.fromEntries(lines);
}
