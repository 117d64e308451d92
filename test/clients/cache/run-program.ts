import { spawn } from 'node:child_process';

const DEADLINE_MS = 120_000;

export interface ProgramRun {
  readonly code: number;
  /** Both streams, as they came. */
  readonly output: string;
}

interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program with nothing of this process's environment but where programs are found. */
export function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env }: RunOptions,
): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}`;
      resolve({ code: code ?? 1, output });
    });
  });
}
