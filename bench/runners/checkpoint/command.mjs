// The `mithril` command: start-up, peak memory on a 2 GiB file, and the pipeline on the local stack.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/system/cache.mjs';
import {
  COMMAND,
  capture,
  measured,
  measuredMithril,
  median,
  sha256,
} from '../shared/programs.mjs';
import { mib, printTable, speed } from '../shared/table.mjs';
import { ROUNDS } from '../shared/workers.mjs';
import { makeBigFile } from './inputs.mjs';

/** The bound on memory above the program itself and its mapped files. */
const BASE_MIB_MAX = 64;
const THREAD_MIB_MAX = 4;

export function startUp() {
  const help = Array.from({ length: ROUNDS }, () => measured(process.execPath, COMMAND, '--help'));
  const addon = path.join(
    ROOT,
    'native',
    'codec-napi',
    `mithril-native.${process.platform}-${process.arch}.node`,
  );
  const script = `const began=performance.now();require(${JSON.stringify(addon)});console.log(performance.now()-began)`;
  const loads = Array.from({ length: ROUNDS }, () =>
    Number(capture(process.execPath, ['-e', script])),
  );
  const result = {
    helpWallMs: median(help.map(({ wall }) => wall * 1000)),
    helpCpuMs: median(help.map(({ cpu }) => cpu * 1000)),
    nativeLoadMs: median(loads),
  };
  printTable('Start-up of the command, ms', [
    ['--help, wall', '--help, CPU', 'native module'],
    [result.helpWallMs, result.helpCpuMs, result.nativeLoadMs].map((value) => value.toFixed(1)),
  ]);
  return result;
}

/** Peak memory of a 2 GiB file, packed and restored, with one thread and with two. */
export function memory({ work }) {
  const [big, packed, back] = ['big', 'big.mith', 'big.back'].map((name) => path.join(work, name));
  makeBigFile(big);
  const idle = measured(process.execPath, COMMAND, '--help').peakPrivateBytes;
  const result = {};
  for (const threads of [1, 2]) {
    const options = ['-T', `${threads}`, '--force'];
    const compress = measuredMithril('ckpt', 'compress', big, '-o', packed, ...options);
    const decompress = measuredMithril('ckpt', 'decompress', packed, '-o', back, ...options);
    if (sha256(back) !== sha256(big)) throw new Error('the 2 GiB file did not come back');
    result[threads] = { compress: figures(compress, idle), decompress: figures(decompress, idle) };
  }
  for (const file of [big, packed, back]) fs.rmSync(file);
  const rows = Object.entries(result).flatMap(([threads, steps]) =>
    Object.entries(steps).map(([step, found]) => [
      `${step}, ${threads} thread(s)`,
      mib(found.peakBytes),
      found.privateBytes === null ? '-' : mib(found.privateBytes),
      boundMib(threads),
      found.privateBytes === null ? '-' : holds(found, threads),
      speed(found.wall),
      speed(found.cpu),
    ]),
  );
  const head = [
    '2 GiB file',
    'peak RSS MiB',
    'above program, files',
    'bound',
    'holds',
    'wall s',
    'CPU s',
  ];
  printTable('Memory of the command', [head, ...rows]);
  return result;
}

const boundMib = (threads) => BASE_MIB_MAX + THREAD_MIB_MAX * Number(threads);
const holds = ({ privateBytes }, threads) =>
  privateBytes <= boundMib(threads) * 2 ** 20 ? 'yes' : 'NO';
const figures = ({ wall, cpu, peakBytes, peakPrivateBytes }, idle) => ({
  wall,
  cpu,
  peakBytes,
  privateBytes: peakPrivateBytes === null ? null : Math.max(0, peakPrivateBytes - idle),
});

/** Upload to VERIFIED to restored on the local stack, by stage; the second run, which is warm. */
export function pipeline() {
  const demo = () => measuredMithril('local', 'demo');
  demo();
  const run = demo();
  if (run.code !== 0) throw new Error('the demo failed');
  const { steps, ...rest } = JSON.parse(run.stdout);
  return { wall: run.wall, cpu: run.cpu, steps, ...rest };
}
