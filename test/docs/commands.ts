// Reads a command line by the real tables of options, without running the command.
import { CommanderError, type Command as Line } from 'commander';
import type { Runner } from '../../cli/command-line.ts';
import { listenForInterruption } from '../../cli/interruption.ts';
import { buildMithril, buildMithrilCheckpoint, buildMithrilDedup } from '../../cli/program.ts';

const runner: Runner = { interruption: listenForInterruption(), exitCode: 0 };
const PROGRAMS: Readonly<Record<string, (runner: Runner) => Line>> = {
  mithril: buildMithril,
  'mithril-checkpoint': buildMithrilCheckpoint,
  'mithril-dedup': buildMithrilDedup,
};

export const isMithril = (words: readonly string[]): boolean => (words[0] ?? '') in PROGRAMS;

/** What is wrong with the words of a command; null: nothing. */
export async function objectionToCommand(words: readonly string[]): Promise<string | null> {
  const [name = '', ...args] = words;
  const program = PROGRAMS[name]?.(runner);
  if (program === undefined) return `no program of ours: ${name}`;
  disarm(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? null : `${words.join(' ')}: ${error.message}`;
  }
}

/** What is wrong with a command that is only named, such as `mithril cache stats`; null: nothing. */
export function objectionToName(words: readonly string[]): string | null {
  let line = PROGRAMS[words[0] ?? '']?.(runner);
  for (const word of words.slice(1)) {
    if (line === undefined || !/^[a-z]+$/u.test(word)) return null;
    const next: Line | undefined = line.commands.find(
      (it) => it.name() === word || it.alias() === word,
    );
    const takesArguments = line.registeredArguments.length > 0 || line.commands.length === 0;
    if (next === undefined && takesArguments) return null;
    if (next === undefined) return `${words.join(' ')}: there is no command ${word}`;
    line = next;
  }
  return null;
}

function disarm(line: Line): void {
  if (line.commands.length === 0 || line.registeredArguments.length > 0)
    line.action(() => undefined);
  line.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const child of line.commands) disarm(child);
}
