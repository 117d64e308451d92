import { type ChildProcess, spawn } from 'node:child_process';
import { CliError, Interrupted } from '../cli-error.ts';

const TAIL_LINES_MAX = 20;
const LINE_LENGTH_MAX = 400;
const GRACE_MS = 3_000;

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end and returns its stdout; it ends with us, its children included. */
export async function runProgram(program: Program): Promise<string> {
  if (program.signal.aborted) throw new Interrupted('interrupted');
  const child = spawn(program.command, program.args, {
    detached: true, // a process group of its own, so that its children end as well
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
    ...(program.env === undefined ? {} : { env: program.env }),
  });
  const output = collect(child, program);
  const stop = (): void => endGroup(child);
  const timer = setTimeout(stop, program.timeoutMs);
  program.signal.addEventListener('abort', stop, { once: true });
  try {
    const end = await waitForEnd(child);
    if (program.signal.aborted) throw new Interrupted('interrupted');
    if (end.code === 0) return output.stdout();
    throw new CliError(`${program.command} ${program.args.join(' ')} ${end.text}`, {
      advice: output.tail(),
      cause: end.error,
    });
  } finally {
    clearTimeout(timer);
    program.signal.removeEventListener('abort', stop);
  }
}

function collect(child: ChildProcess, program: Program) {
  const chunks: string[] = [];
  const tail: string[] = [];
  const keep = (text: string): void => {
    for (const line of text.split(/\r?\n/u).filter((it) => it.trim() !== '')) {
      tail.push(line.slice(0, LINE_LENGTH_MAX));
      if (tail.length > TAIL_LINES_MAX) tail.shift();
      program.onLine?.(line);
    }
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    chunks.push(text);
    keep(text);
  });
  child.stderr?.setEncoding('utf8').on('data', keep);
  return { stdout: () => chunks.join(''), tail: () => tail.map((it) => `  | ${it}`).join('\n') };
}

interface End {
  readonly code: number | null;
  readonly text: string;
  readonly error?: Error;
}

function waitForEnd(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, text: error.message, error }));
    child.once('close', (code, signal) =>
      resolve({ code, text: signal === null ? `ended with ${code}` : `was ended by ${signal}` }),
    );
  });
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS).unref();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // the group ended between the check and the signal
  }
}
