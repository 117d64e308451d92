// Programs that a benchmark runs.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { cacheFolder, ROOT } from '../../../scripts/system/cache.mjs';

export const COMMAND = path.join(ROOT, 'dist', 'cli', 'mithril.js');
const OUTPUT_BYTES_MAX = 1 << 28;
const SHARED_MEMORY = '/dev/shm';

/** Files and folders that go away with this process. */
const leftovers = new Set();
process.on('exit', () => {
  for (const one of leftovers) fs.rmSync(one, { recursive: true, force: true });
});

export const definition = (...names) => path.join(ROOT, 'bench', 'definitions', ...names);

/** Standard output of a program; a failure throws, and its standard error is the caller's. */
export function capture(program, args, { env = {}, input } = {}) {
  return execFileSync(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    maxBuffer: OUTPUT_BYTES_MAX,
    input,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit'],
  }).toString();
}

/** A folder that goes away with this process. */
export function temporaryFolder(root = os.tmpdir()) {
  const folder = fs.mkdtempSync(path.join(root, 'mithril-bench-'));
  leftovers.add(folder);
  return folder;
}

/** The same in memory, where the system has such a folder: no disk is measured. */
export const memoryFolder = () =>
  temporaryFolder(fs.existsSync(SHARED_MEMORY) ? SHARED_MEMORY : undefined);

/** Builds an example of a crate (of the sources in `native`); returns the program. */
export function buildExample(crate, name, cargoEnv, native = path.join(ROOT, 'native')) {
  const manifest = path.join(native, 'Cargo.toml');
  const what = ['--manifest-path', manifest, '-p', crate, '--example', name];
  capture('cargo', ['build', '--release', '--locked', '--quiet', ...what], { env: cargoEnv });
  const program = path.join(cargoEnv.CARGO_TARGET_DIR, 'release', 'examples', name);
  // A copy, so that a build elsewhere cannot replace it between two rounds.
  const from = path.basename(cargoEnv.CARGO_TARGET_DIR);
  const copy = path.join(cacheFolder('bench'), `${name}-${from}-${process.pid}`);
  fs.copyFileSync(program, copy);
  leftovers.add(copy);
  return copy;
}

/** What the `mithril` command reports of its work. */
export const mithril = (...args) =>
  JSON.parse(capture(process.execPath, [COMMAND, ...args, '--format', 'json', '-q']));

/** Whole-process figures of a program (children.py): seconds, peak memory, output. */
export const measured = (...args) =>
  JSON.parse(capture(PYTHON, [definition('children.py'), ...args]));

/** The same of a `mithril` command. */
export const measuredMithril = (...args) =>
  measured(process.execPath, COMMAND, ...args, '--format', 'json', '-q');

export function sha256(file) {
  const hash = createHash('sha256');
  const handle = fs.openSync(file, 'r');
  const chunk = Buffer.alloc(1 << 24);
  for (let read = fs.readSync(handle, chunk); read > 0; read = fs.readSync(handle, chunk)) {
    hash.update(chunk.subarray(0, read));
  }
  fs.closeSync(handle);
  return hash.digest('hex');
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
};
