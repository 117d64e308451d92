// The codec beside zstd (codec_speed.rs), by level and by number of threads (codec_worker.rs).
import { buildExample, capture } from '../shared/programs.mjs';
import { printTable, ratio, speed } from '../shared/table.mjs';
import { alternate } from '../shared/workers.mjs';

const THREADS = [1, 2];
/** A core that slept while the other process worked takes some milliseconds to wake up. */
const REPEATS_AWAKE = 15;
const LEVELS = ['fast', 'default', 'max'];

/** The codec as a tool of `alternate`. */
export const ours = (
  worker,
  { file, base },
  { name = 'Mithril', env = {}, isPinned = true } = {},
) => ({
  name,
  program: worker,
  args: [file, 'safetensors', ...(base ? [base] : [])],
  env,
  isPinned,
});

/** Paired rounds with zstd level 3 and a memory copy in one process, one thread. */
export function besideZstd({ inputs, cargoEnv }) {
  const program = buildExample('mithril-checkpoint', 'codec_speed', cargoEnv);
  const result = {};
  for (const { name, file, base } of inputs) {
    result[name] = JSON.parse(capture(program, [file, 'safetensors', ...(base ? [base] : [])]));
  }
  const rows = Object.entries(result).map(([name, found]) => [
    name,
    ratio(found.ratio),
    speed(found.compress.gibPerSecondWall),
    `${found.compressOverZstdWall.toFixed(1)}x`,
    speed(found.decompress.gibPerSecondWall),
    `${found.decompressOverZstdWall.toFixed(1)}x`,
    speed(found.memcpy.gibPerSecondWall),
  ]);
  const head = [
    'input',
    'ratio',
    'compress GiB/s',
    'of zstd -3',
    'restore GiB/s',
    'of zstd -3',
    'copy',
  ];
  printTable('Codec beside zstd level 3, one thread', [head, ...rows]);
  return result;
}

export async function byLevel({ inputs, worker, rounds }) {
  const result = {};
  for (const input of inputs) {
    const tools = LEVELS.map((level) =>
      ours(worker, input, { name: level, env: { LEVEL: level } }),
    );
    result[input.name] = await alternate(tools, { rounds });
  }
  printComparison('Codec by level, one thread', 'level', result);
  return result;
}

export async function byThreads({ inputs, worker, rounds }) {
  const result = {};
  for (const input of inputs) {
    const tools = THREADS.map((threads) =>
      ours(worker, input, {
        name: `${threads}`,
        env: { THREADS: `${threads}` },
        isPinned: false,
      }),
    );
    result[input.name] = await alternate(tools, { rounds, repeats: REPEATS_AWAKE });
    const sizes = new Set(Object.values(result[input.name]).map(({ stored }) => stored));
    if (sizes.size > 1) throw new Error(`${input.name}: the bytes depend on the threads`);
  }
  printComparison('Codec by threads', 'threads', result);
  return result;
}

function printComparison(title, what, result) {
  const rows = Object.entries(result).flatMap(([input, tools]) =>
    Object.entries(tools).map(([name, found]) => [
      input,
      name,
      ratio(found.ratio),
      speed(found.compress.gibPerSecond),
      speed(found.decompress.gibPerSecond),
    ]),
  );
  printTable(title, [['input', what, 'ratio', 'compress GiB/s', 'restore GiB/s'], ...rows]);
}
