// Tools that deduplicate a file of JSON lines once, each in a fresh process on one core.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { COMMAND, capture, definition } from '../shared/programs.mjs';
import { ONE_THREAD, PINNED } from '../shared/workers.mjs';

const OUTPUT_BYTES_MAX = 1 << 24;

/** The engine: a whole process. */
export const engine = (program) => ({
  name: 'Mithril',
  program,
  args: (input, output) => [input, output],
});

/** The engine with so many bytes of memory. */
export const withMemory = (tool, memory) => ({
  ...tool,
  args: (input, output) => [input, output, `${memory}`],
});

/** The `mithril dedup` command: the same engine, and the start of Node. */
export const command = () => ({
  name: 'Mithril, command',
  program: process.execPath,
  args: (input, output) => [COMMAND, 'dedup', input, '-o', output, '--threads', '1', '-q'],
});

/** The peers, by the names that peers.py gives them. */
export function peersOf(python) {
  const script = definition('dedup', 'peers.py');
  const names = JSON.parse(capture(python, [script, 'list']));
  return names.map((name) => ({
    name,
    program: python,
    args: (input, output) => [script, name, input, output],
  }));
}

/** A program on one core. */
export const pinned = (program, args) => ({ program: PYTHON, args: [...PINNED, program, ...args] });

/**
 * Runs a tool once. Returns CPU seconds of its work and of its whole process (equal where it does
 * not tell them apart), the peak of resident memory in bytes, its version, and all that it told.
 */
export function runOnce(tool, input, output) {
  const folder = path.dirname(output);
  const hub = { HF_HOME: folder, HF_HUB_OFFLINE: '1', TQDM_DISABLE: '1', RAYON_NUM_THREADS: '1' };
  const children = [PYTHON, definition('children.py'), tool.program, ...tool.args(input, output)];
  const run = spawnSync(PYTHON, [...PINNED, ...children], {
    env: { ...process.env, ...ONE_THREAD, ...hub },
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const found = run.status === 0 ? JSON.parse(run.stdout) : null;
  if (found?.code !== 0) throw new Error(`${tool.name}: ${run.stderr.slice(-1000)}`);
  const last = found.stdout.trim().split('\n').at(-1);
  const told = last?.startsWith('{') ? JSON.parse(last) : {};
  return {
    cpu: told.cpu ?? found.cpu,
    processCpu: found.cpu,
    peakBytes: found.peakBytes,
    version: told.version,
    told,
  };
}
