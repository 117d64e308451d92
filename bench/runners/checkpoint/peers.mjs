// The codec beside its peers: each in a process of its own, in alternating rounds on one core.
import { capture, definition, memoryFolder } from '../shared/programs.mjs';
import { mib, printTable, ratio, speed } from '../shared/table.mjs';
import { alternate, peakMemory } from '../shared/workers.mjs';
import { ours } from './codec.mjs';
import { peersPython } from './environment.mjs';
import { PUBLISHED } from './published.mjs';
import { trainingPairs } from './series.mjs';

/** Whose memory is measured: it follows the size of the input. */
const MEMORY_INPUTS = new Set(['fp32', 'fp32-step2']);

export async function peers(context) {
  const python = await peersPython();
  const folder = memoryFolder();
  const result = {};
  for (const input of [...context.inputs, ...trainingPairs(context)]) {
    process.stderr.write(`  ${input.name}\n`);
    result[input.name] = await compare(input, { ...context, python, folder });
    print(input, result[input.name]);
  }
  printPublished();
  return { inputs: result, published: PUBLISHED };
}

async function compare(input, { python, folder, worker, rounds }) {
  const tools = [ours(worker, input), packageOf(python, folder, input), ...peersOf(python, input)];
  const bound = Number(
    capture(python, [
      definition('bound.py'),
      input.kind,
      input.file,
      ...(input.base ? [input.base] : []),
    ]),
  );
  const found = await alternate(tools, { rounds });
  if (MEMORY_INPUTS.has(input.name)) {
    for (const tool of tools) found[tool.name].peakBytes = await peakMemory(tool);
  }
  return { bound, tools: found };
}

const packageOf = (python, folder, { file, base }) => ({
  name: 'Mithril, Python, file to file',
  program: python,
  args: [definition('peers', 'package_worker.py'), folder, file, ...(base ? [base] : [])],
});

function peersOf(python, { kind, file, base }) {
  const script = definition('peers', 'worker.py');
  const names = JSON.parse(capture(python, [script, 'list', base ? 'delta' : 'standalone']));
  return names.map((name) => ({
    name,
    program: python,
    args: [script, name, kind, file, ...(base ? [base] : [])],
  }));
}

function print(input, { bound, tools }) {
  const rows = Object.entries(tools).map(([name, found]) => [
    name,
    found.version || '-',
    ratio(found.ratio),
    speed(found.compress.gibPerSecond),
    speed(found.decompress.gibPerSecond),
    speed(found.compress.gibPerCpuSecond),
    speed(found.decompress.gibPerCpuSecond),
    found.peakBytes ? mib(found.peakBytes.compress) : '-',
    found.peakBytes ? mib(found.peakBytes.decompress) : '-',
    found.rounds,
  ]);
  const head = [
    'tool',
    'version',
    'ratio',
    'compress GiB/s',
    'restore GiB/s',
    'of CPU time',
    'of CPU time',
    'peak MiB, compress',
    'restore',
    'rounds',
  ];
  const bytes = Object.values(tools)[0].bytes;
  const title = `${input.name}: ${mib(bytes)} MiB${input.base ? ', against its base' : ''}, one core`;
  printTable(title, [head, ...rows], `Order-0 entropy bound: ${ratio(bound)}`);
}

function printPublished() {
  printTable('Published by others, on their machines and data; not measured here', [
    ['what', 'figure', 'source'],
    ...PUBLISHED.map(({ what, figure, source }) => [what, figure, source]),
  ]);
}
