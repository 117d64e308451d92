// The figures of one run of the gate: { name: { kind, unit, value } }.
import path from 'node:path';
import { ensureValgrind } from '../../../scripts/setup/valgrind.mjs';
import { roundTrip } from '../checkpoint/inputs.mjs';
import {
  buildExample,
  COMMAND,
  capture,
  measured,
  measuredMithril,
  median,
} from '../shared/programs.mjs';
import { makeTexts, makeWeights } from './inputs.mjs';
import { countInstructions } from './instructions.mjs';

const WEIGHTS = 1 << 20;
const MEMORY_WEIGHTS = 1 << 24; // 64 MiB
const MEMORY_ROWS = 20_000;
const ROUNDS = 5;

/** Programs whose instructions are counted. */
export async function programs(cargoEnv) {
  return {
    valgrind: await ensureValgrind({ line: (text) => process.stderr.write(`  ${text}\n`) }),
    codec: buildExample('mithril-checkpoint', 'codec_instructions', cargoEnv),
    dedup: buildExample('mithril-dedup', 'dedup_once', cargoEnv),
  };
}

/** What repeats: instructions and stored bytes. */
export async function repeatable(context) {
  return { ...(await countInstructions(context)), ...storedBytes(context) };
}

function storedBytes({ work }) {
  const { fp32, bf16, 'bf16-step2': step } = makeWeights(work, WEIGHTS);
  const inputs = { fp32: [fp32, []], bf16: [bf16, []], 'bf16-step2': [step, [bf16]] };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, [file, bases]]) => {
      const { bytesOut } = roundTrip(work, file, { bases });
      return [`stored ${name}`, { kind: 'bytes', unit: 'bytes', value: bytesOut }];
    }),
  );
}

/** Peak memory, and times as ratios of paired rounds. */
export function restless({ work, cargoEnv, dedup }) {
  return { ...memory(work, dedup), ...startUp(), ...besideZstd(work, cargoEnv) };
}

function memory(work, dedup) {
  const { fp32 } = makeWeights(work, MEMORY_WEIGHTS);
  const packed = path.join(work, 'memory.mith');
  const texts = makeTexts(work, MEMORY_ROWS);
  const one = ['-T', '1', '--force'];
  const runs = {
    'memory compress': () => measuredMithril('ckpt', 'compress', fp32, '-o', packed, ...one),
    'memory decompress': () =>
      measuredMithril('ckpt', 'decompress', packed, '-o', path.join(work, 'back'), ...one),
    'memory dedup': () => measured(dedup, texts, path.join(work, 'memory.jsonl')),
  };
  return Object.fromEntries(
    Object.entries(runs).map(([name, take]) => {
      const found = take();
      if (found.code !== 0) throw new Error(`${name}: ended with ${found.code}`);
      return [name, { kind: 'memory', unit: 'bytes', value: found.peakBytes }];
    }),
  );
}

/** Start of the command by that of Node itself, CPU time, in turns. */
function startUp() {
  const cpu = (...args) => measured(process.execPath, ...args).cpu;
  const pairs = Array.from({ length: ROUNDS }, () => cpu(COMMAND, '--help') / cpu('-e', '0'));
  return {
    'start of the command by that of Node': { kind: 'latency', unit: 'x', value: median(pairs) },
  };
}

function besideZstd(work, cargoEnv) {
  const program = buildExample('mithril-checkpoint', 'codec_speed', cargoEnv);
  const found = JSON.parse(capture(program, [makeWeights(work, WEIGHTS).fp32, 'safetensors']));
  const figure = (value) => ({ kind: 'throughput', unit: 'x', value });
  return {
    'compress by zstd -3, CPU': figure(found.compressOverZstdCpu),
    'decompress by zstd -3, CPU': figure(found.decompressOverZstdCpu),
  };
}
