import { CommanderError } from 'commander';
import { describeFailure, Interrupted } from './cli-error.ts';
import type { Runner } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { listenForInterruption } from './interruption.ts';
import { buildMithril, buildMithrilCheckpoint, buildMithrilDedup } from './program.ts';

const PROGRAMS = {
  mithril: buildMithril,
  'mithril-checkpoint': buildMithrilCheckpoint,
  'mithril-dedup': buildMithrilDedup,
};

/** Runs one command line and returns the exit code. Nothing that it calls exits by itself. */
export async function main(name: keyof typeof PROGRAMS, args: readonly string[]): Promise<number> {
  const runner: Runner = { interruption: listenForInterruption(), exitCode: EXIT.ok };
  endQuietlyOnClosedPipe();
  // Our SDK is pinned to a version that runs on the Node we require, so its notice helps nobody.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  try {
    await PROGRAMS[name](runner).parseAsync([...args], { from: 'user' });
    return runner.interruption.exitCode ?? runner.exitCode;
  } catch (error) {
    return explain(error, runner, [name, ...args]);
  }
}

function explain(error: unknown, runner: Runner, command: readonly string[]): number {
  const interrupted = runner.interruption.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (interrupted !== null || error instanceof Interrupted) {
    process.stderr.write(interruptionText(error, command));
    return interrupted ?? EXIT.interrupted;
  }
  const isVerbose = command.includes('-v') || command.includes('--verbose');
  const { message, advice, exitCode } = describeFailure(error);
  process.stderr.write(`error: ${message}\n`);
  if (advice !== '') process.stderr.write(`${advice}\n`);
  if (isVerbose) process.stderr.write(`${stackOf(error)}\n`);
  return exitCode;
}

function interruptionText(error: unknown, command: readonly string[]): string {
  const kept = error instanceof Interrupted ? error.kept : null;
  if (kept === null) return 'Interrupted; nothing was left behind.\n';
  return `Interrupted; finished work is kept in ${kept} (remove it to give up).
The same command goes on from there: ${command.map(shellWord).join(' ')}\n`;
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** The whole story for `-v`: each error and what caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${stackOf(error.cause)}`;
}

/** `mithril ... | head` closes our stdout: that is the end of the output, not a failure. */
function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
}
