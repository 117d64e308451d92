// Child processes: their output is kept as a tail, and none outlives this process.
import { spawn } from 'node:child_process';

// Of a failed program's output: its first lines often name the fault, its last where it ended.
const HEAD_LINES_MAX = 8;
const TAIL_LINES_MAX = 22;
const LINE_LENGTH_MAX = 400;
const GRACE_MS = 3_000;

const running = new Set();

/** A command that failed, or a state that set-up cannot go on from; `advice` says what to do. */
export class SetupError extends Error {
  constructor(message, { tail = [], advice = '', cause } = {}) {
    super(message, { cause });
    this.name = 'SetupError';
    this.tail = tail;
    this.advice = advice;
  }
}

/**
 * Runs a program to its end and returns its standard output.
 * `onLine` sees every line of both streams; a failure throws a SetupError with the first and last
 * lines, without those that `isNoise` matches.
 */
export async function run(command, args, options = {}) {
  const { cwd, env, onLine = () => {}, advice = '', timeoutMs } = options;
  const kept = keptLines(options.isNoise);
  const keep = (line) => {
    kept.add(line.slice(0, LINE_LENGTH_MAX));
    onLine(line);
  };
  // Its own process group, so that the end of set-up also ends the compilers that cargo started.
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const timer = timeoutMs && setTimeout(() => endGroup(child, 'SIGTERM'), timeoutMs);
  try {
    const [out, , end] = await Promise.all([
      lines(child.stdout, options.quietOutput ? () => {} : keep),
      lines(child.stderr, keep),
      ended(child),
    ]);
    if (end.code === 0) return out;
    const shown = [command, ...args].join(' ').slice(0, LINE_LENGTH_MAX);
    throw new SetupError(`${shown}\n  ${describeEnd(end)}`, {
      tail: kept.all(),
      advice,
      cause: end.error,
    });
  } finally {
    clearTimeout(timer);
    running.delete(child);
  }
}

function keptLines(isNoise = () => false) {
  const head = [];
  const tail = [];
  let dropped = 0;
  const add = (line) => {
    if (isNoise(line)) return;
    if (head.length < HEAD_LINES_MAX) head.push(line);
    else if (tail.push(line) > TAIL_LINES_MAX) {
      tail.shift();
      dropped++;
    }
  };
  const all = () => [...head, ...(dropped > 0 ? [`... ${dropped} lines ...`] : []), ...tail];
  return { add, all };
}

/** Runs `tasks` (functions that return promises), at most `limit` at a time; results in order. */
export async function runAll(tasks, limit) {
  const results = Array.from({ length: tasks.length });
  let next = 0;
  const worker = async () => {
    while (next < tasks.length) {
      const index = next++;
      results[index] = await tasks[index]();
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, worker));
  return results;
}

/** Ends the children when this process is told to end. Returns a function that undoes it. */
export function endChildrenOnSignals() {
  const handlers = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ].map(([signal, code]) => {
    const handler = () => void endChildren().then(() => process.exit(code));
    process.once(signal, handler);
    return [signal, handler];
  });
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}

async function endChildren() {
  const children = [...running];
  for (const child of children) endGroup(child, 'SIGTERM');
  const all = Promise.all(children.map(ended));
  await Promise.race([all, new Promise((done) => setTimeout(done, GRACE_MS))]);
  for (const child of running) endGroup(child, 'SIGKILL');
}

function endGroup(child, signal) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function describeEnd({ code, signal, error }) {
  if (error) return error.code === 'ENOENT' ? 'is not installed' : error.message;
  return signal ? `was ended by ${signal}` : `ended with code ${code}`;
}

async function lines(stream, onLine) {
  let all = '';
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    all += chunk;
    const parts = (rest + chunk).split(/\r\n|\n|\r/);
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') onLine(line);
  }
  if (rest.trim() !== '') onLine(rest);
  return all;
}
