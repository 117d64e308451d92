// Processes that compress and restore one input whenever they are told to, so that the tools of a
// comparison can take turns: a busy moment of the machine then hits all alike.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { median } from './programs.mjs';

export const WARM_UP = 3;
export const ROUNDS = 10;
/** A tool that needs longer for one compression and restore has fewer rounds, never under one. */
const TOOL_SECONDS_MAX = 6;

/** Keeps big buffers of C programs in the process, so that no round pays for fresh pages. */
const KEEP_MEMORY = { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '68719476736' };
/** No library of a tool starts threads of its own. */
export const ONE_THREAD = { OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', BLOSC_NTHREADS: '1' };
/** Starts a program on the last core that this process may use. */
export const PINNED = [
  '-c',
  'import os, sys; os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}); os.execvp(sys.argv[1], sys.argv[1:])',
];

class Worker {
  constructor({ name, program, args, env = {}, isPinned = true, keepsMemory = true }) {
    this.name = name;
    const memory = keepsMemory ? KEEP_MEMORY : {};
    const [file, fileArgs] = isPinned ? [PYTHON, [...PINNED, program, ...args]] : [program, args];
    this.child = spawn(file, fileArgs, {
      env: { ...process.env, ...ONE_THREAD, ...memory, PYTHONWARNINGS: 'ignore', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.on('error', () => {}); // the answer that never comes is the error
    this.child.stdin.on('error', () => {});
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended before its answer`);
    return JSON.parse(value);
  }

  async ask(command) {
    this.child.stdin.write(`${command}\n`);
    const answer = await this.answer();
    if (answer.equal === false) throw new Error(`${this.name}: the restored bytes differ`);
    return answer;
  }

  /** The last of some answers. */
  async askAgain(command, times) {
    for (let before = 1; before < times; before++) await this.ask(command);
    return this.ask(command);
  }

  async start() {
    this.ready = await this.answer();
    return this;
  }

  end() {
    this.child.stdin.end();
    this.child.kill();
  }
}

async function withWorkers(tools, settings, work) {
  const workers = [];
  try {
    for (const tool of tools) {
      const worker = new Worker({ ...settings, ...tool });
      workers.push(worker);
      await worker.start();
    }
    return await work(workers);
  } finally {
    for (const worker of workers) worker.end();
  }
}

/**
 * Compresses and restores with every tool in turn, `rounds` times after a warm-up. In each turn a tool
 * does either `repeats` times, and the last time counts. A tool is { name, program, args, env,
 * isPinned }. Returns, by name, { bytes, stored, ratio, version, rounds,
 * compress, decompress }, the last two { gibPerSecond, gibPerCpuSecond } of median seconds.
 */
export async function alternate(tools, { rounds = ROUNDS, warmUp = WARM_UP, repeats = 1 } = {}) {
  return withWorkers(tools, {}, async (workers) => {
    const takes = new Map(workers.map((worker) => [worker, []]));
    for (let round = 0; round < warmUp + rounds; round++) {
      for (const [worker, took] of takes) {
        const spent = took.reduce((sum, { seconds }) => sum + seconds, 0);
        if (took.length > 0 && spent > TOOL_SECONDS_MAX) continue;
        const compress = await worker.askAgain('compress', repeats);
        const decompress = await worker.askAgain('decompress', repeats);
        took.push({ compress, decompress, seconds: compress.wall + decompress.wall });
      }
    }
    return Object.fromEntries(
      [...takes].map(([worker, took]) => [worker.name, summary(worker.ready, took, warmUp)]),
    );
  });
}

function summary({ bytes, version }, took, warmUp) {
  const kept = took.slice(Math.min(warmUp, took.length - 1));
  const speeds = (step) => {
    const rate = (kind) => bytes / 2 ** 30 / median(kept.map((take) => take[step][kind]));
    return { gibPerSecond: rate('wall'), gibPerCpuSecond: rate('cpu') };
  };
  const { stored } = took[0].compress;
  return {
    bytes,
    stored,
    ratio: bytes / stored,
    version,
    rounds: kept.length,
    compress: speeds('compress'),
    decompress: speeds('decompress'),
  };
}

/**
 * Peak resident bytes of one compression and one restore in a fresh process, above what the process
 * holds before it: program, input and, for the restore, the compressed bytes. Linux only, else null.
 */
export async function peakMemory(tool) {
  if (process.platform !== 'linux') return null;
  return withWorkers([tool], { keepsMemory: false }, async ([worker]) => {
    const result = {};
    for (const step of ['compress', 'decompress']) {
      await worker.ask('trim');
      const proc = `/proc/${worker.child.pid}`;
      fs.writeFileSync(`${proc}/clear_refs`, '5'); // the peak starts anew
      const before = statusBytes(proc, 'VmRSS');
      await worker.ask(step);
      result[step] = Math.max(0, statusBytes(proc, 'VmHWM') - before);
    }
    return result;
  });
}

function statusBytes(proc, field) {
  const text = fs.readFileSync(`${proc}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
}
