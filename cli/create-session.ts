import type { Interruption } from './interruption.ts';
import type { Session } from './session.ts';
import { Terminal } from './terminal.ts';

/** The one place that reads the process: streams, environment, folder. */
export function createSession(options: unknown, interruption: Interruption): Session {
  const terminal = new Terminal({
    out: process.stdout,
    err: process.stderr,
    env: process.env,
    isQuiet: has(options, 'quiet', true),
    isVerbose: has(options, 'verbose', true),
    isJson: has(options, 'format', 'json'),
  });
  return { terminal, interruption, env: process.env, cwd: process.cwd() };
}

function has(options: unknown, name: string, value: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  return Object.entries(options).some(([key, given]) => key === name && given === value);
}
