// The engine and, if asked for, its peers on real text: answers first, then CPU time in alternating
// rounds.
import fs from 'node:fs';
import { capture, median } from '../shared/programs.mjs';
import { mib, printTable } from '../shared/table.mjs';
import { removedRows, SETS, textsOf, writeRows } from './inputs.mjs';
import { PUBLISHED } from './published.mjs';
import { groupsOf, percent, score } from './score.mjs';
import { command, peersOf, runOnce } from './tools.mjs';

const ROUNDS = 5;
const QUICK_ROUNDS = 3;
/** A tool that has used so much has no more rounds. */
const TOOL_SECONDS_MAX = 20;
/** Peers need minutes for more. */
const PEER_ROWS_MAX = 30_000;
const PEER_BYTES_MAX = 8 << 20;

export function sets(context) {
  const { options, work, python } = context;
  const bounds = python ? { rowsMax: PEER_ROWS_MAX, bytesMax: PEER_BYTES_MAX } : {};
  const result = {};
  for (const name of SETS) {
    const texts = textsOf(name, { data: options.data, ...bounds });
    if (texts === null) continue;
    process.stderr.write(`  ${name}\n`);
    const input = writeRows(work, name, texts);
    result[name] = compare(input, context);
    print(input, result[name]);
  }
  if (!python) return { sets: result };
  printTable('Published by others, on their machines and data; not measured here', [
    ['what', 'figure', 'source'],
    ...PUBLISHED.map(({ what, figure, source }) => [what, figure, source]),
  ]);
  return { sets: result, published: PUBLISHED };
}

function compare(input, { options, engineTool, exactPairs, python }) {
  const groups = groupsOf(JSON.parse(capture(exactPairs, [input.file])));
  const tools = [engineTool, command(), ...(python ? peersOf(python) : [])];
  const takes = new Map(tools.map((tool) => [tool, []]));
  const scores = new Map();
  for (let round = 0; round < (options.quick ? QUICK_ROUNDS : ROUNDS); round++) {
    for (const tool of tools) {
      const took = takes.get(tool);
      if (took.reduce((sum, { processCpu }) => sum + processCpu, 0) > TOOL_SECONDS_MAX) continue;
      const { take, found } = once(tool, input, groups);
      took.push(take);
      const before = scores.get(tool) ?? found;
      if (before.removed !== found.removed) throw new Error(`${tool.name}: another answer`);
      scores.set(tool, found);
    }
  }
  check(scores.get(engineTool), scores.get(tools[1]));
  const summaries = tools.map((tool) => [
    tool.name,
    { ...summary(takes.get(tool), takes.get(engineTool), input), ...scores.get(tool) },
  ]);
  return { rows: input.rows, bytes: input.bytes, tools: Object.fromEntries(summaries) };
}

function once(tool, input, groups) {
  const output = input.file.replace('rows.jsonl', 'out.jsonl');
  fs.rmSync(output, { force: true });
  const take = runOnce(tool, input.file, output);
  return { take, found: score(removedRows(output, input.rows), groups) };
}

/** A fast wrong answer has no figure. */
function check(ours, byCommand) {
  if (ours.right !== ours.removed) throw new Error('Mithril removed a row that is like no other');
  if (ours.removed !== byCommand.removed) throw new Error('the command removed other rows');
}

function summary(took, engineTook, { rows }) {
  const of = (kind) => median(took.map((take) => take[kind]));
  const pairs = took.map((take, round) => take.cpu / engineTook[round].cpu);
  return {
    version: took[0].version,
    rounds: took.length,
    cpuSeconds: of('cpu'),
    processCpuSeconds: of('processCpu'),
    rowsPerCpuSecond: rows / of('cpu'),
    timesEngine: median(pairs),
    peakBytes: of('peakBytes'),
  };
}

function print({ name, rows, bytes }, { tools }) {
  const head = [
    'tool',
    'version',
    'rows/CPU s',
    'CPU of Mithril',
    'removed',
    'precision',
    'recall',
    'peak MiB',
    'rounds',
  ];
  const lines = Object.entries(tools).map(([tool, found]) => [
    tool,
    found.version,
    found.rowsPerCpuSecond.toFixed(0),
    `${found.timesEngine.toFixed(1)}x`,
    found.removed,
    percent(found.precision),
    percent(found.recall),
    mib(found.peakBytes),
    found.rounds,
  ]);
  const { removable } = Object.values(tools)[0];
  const title = `${name}: ${rows} rows, ${mib(bytes)} MiB, ${removable} removable, one core`;
  printTable(title, [head, ...lines]);
}
