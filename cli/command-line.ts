import { type Command as Line, Option } from 'commander';
import { createSession } from './create-session.ts';
import type { Interruption } from './interruption.ts';
import type { Command } from './session.ts';

/** Gives what `parse` hands to the commands; `exitCode` is what the command returned. */
export interface Runner {
  readonly interruption: Interruption;
  exitCode: number;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly args?: readonly (readonly [name: string, description: string])[];
  readonly options?: readonly Option[];
  /** Shown before everything else: `[command line, what it does]`. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Loads the command when it is run, so that `--help` loads nothing. */
  readonly load: () => Promise<Command>;
}

export function addCommand(parent: Line, runner: Runner, spec: CommandSpec): void {
  defineCommand(parent.command(spec.name), runner, spec);
}

/** Makes `line` the command, be it one of many or the whole program. */
export function defineCommand(line: Line, runner: Runner, spec: CommandSpec): void {
  line.description(spec.summary).summary(spec.summary);
  for (const [name, description] of spec.args ?? []) line.argument(name, description);
  for (const each of spec.options ?? []) line.addOption(each);
  addCommonOptions(line);
  showExamplesFirst(line, spec.examples);
  line.action(async () => {
    const command = await spec.load();
    const options: unknown = line.opts();
    runner.exitCode = await command(
      createSession(options, runner.interruption),
      line.args,
      options,
    );
  });
}

export function showExamplesFirst(line: Line, examples: CommandSpec['examples']): void {
  const width = Math.max(...examples.map(([text]) => text.length));
  const lines = examples.map(([text, meaning]) => `  ${text.padEnd(width)}  ${meaning}`);
  line.addHelpText('before', `Examples:\n${lines.join('\n')}\n`);
}

/** An option that may be given several times. */
export function repeatable(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[]): readonly string[] => [
    ...before,
    value,
  ];
  return new Option(flags, description).argParser(collect).default([], 'none');
}

export function option(flags: string, description: string): Option {
  return new Option(flags, description);
}

export const threadsOption = (): Option => option('-T, --threads <n>', 'threads, 0 = all cores');
export const outputOption = (description: string): Option =>
  option('-o, --output <path>', description);
export const forceOption = (): Option => option('-f, --force', 'replace an existing output');

/** Options of commands that talk to AWS, or to the local stack in its place. */
export function awsOptions(): readonly Option[] {
  return [
    option('--config <path>', 'settings file (else mithril.toml here or above, then the user one)'),
    option('--profile <name>', 'AWS profile (else AWS_PROFILE, else the default chain)'),
    option('--region <name>', 'AWS region'),
    option('--endpoint-url <url>', 'AWS endpoint, for the local stack and other S3 servers'),
  ];
}

function addCommonOptions(line: Line): void {
  line.addOption(
    option('--format <kind>', 'auto: lines for a person; json: one document on stdout')
      .choices(['auto', 'json'])
      .default('auto'),
  );
  line.option('-q, --quiet', 'no progress and no notes, only errors');
  line.option('-v, --verbose', 'more detail, and stack traces of errors');
}
