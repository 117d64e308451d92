import { Command as Line } from 'commander';
import { VERSION } from '../shared/contracts/version.ts';
import { addCacheCommands } from './cache/command-line.ts';
import { addCheckpointCommands } from './ckpt/command-line.ts';
import { addCommand, awsOptions, type Runner, showExamplesFirst } from './command-line.ts';
import { defineDedup } from './dedup/command-line.ts';
import { addLocalCommands } from './local/command-line.ts';
import { addStackCommands } from './stack/command-line.ts';

const CODES = `
Exit codes: 0 done, 1 failed, 2 wrong command line or settings, 3 bytes are not what they should
be (corruption, failed verification), 130 interrupted. More: docs/cli.md`;

export function buildMithril(runner: Runner): Line {
  const program = newProgram('mithril', 'Checkpoints that shrink by themselves, losslessly.');
  showExamplesFirst(program, [
    ['mithril ckpt compress model.safetensors', 'write model.safetensors.mith'],
    ['mithril ckpt status s3://BUCKET/checkpoints/', 'what happened to the uploads'],
    ['mithril ckpt restore s3://BUCKET/KEY -o FILE', 'the original bytes back'],
    ['mithril dedup docs.jsonl -o clean.jsonl', 'remove near-duplicate rows'],
    ['mithril cache serve', 'one compile cache for many machines'],
    ['mithril local demo', 'the whole product on this machine'],
    ['mithril doctor', 'what is installed and what is missing'],
  ]);
  const checkpoint = program
    .command('ckpt')
    .alias('checkpoint')
    .description('Compress, restore and inspect checkpoints (files and s3:// URIs)');
  addCheckpointCommands(checkpoint, runner, 'mithril ckpt');
  defineDedup(program.command('dedup'), runner, 'mithril dedup');
  addCacheCommands(program, runner);
  addStackCommands(program, runner);
  addLocalCommands(program, runner);
  addCommand(program, runner, {
    name: 'doctor',
    summary: 'Say what is installed, what answers, and what to do about the rest',
    examples: [
      ['mithril doctor', 'one line a check'],
      ['mithril doctor --region eu-west-1', 'an account before the first deployment'],
    ],
    options: awsOptions(),
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  });
  return inheritExits(program);
}

export function buildMithrilCheckpoint(runner: Runner): Line {
  const program = newProgram('mithril-checkpoint', 'Compress, restore and inspect checkpoints.');
  addCheckpointCommands(program, runner, 'mithril-checkpoint');
  return inheritExits(program);
}

export function buildMithrilDedup(runner: Runner): Line {
  const program = newProgram('mithril-dedup', 'Remove near-duplicate rows of text datasets.');
  defineDedup(program, runner, 'mithril-dedup');
  return inheritExits(program);
}

function newProgram(name: string, description: string): Line {
  return (
    new Line(name)
      .description(description)
      .version(VERSION, '-V, --version', 'print the version')
      // What stands behind a command belongs to it, also where it has commands of its own.
      .enablePositionalOptions()
      .addHelpText('after', CODES)
  );
}

/** Every command throws instead of exiting, so that main.ts decides the exit code. */
function inheritExits(line: Line): Line {
  line.exitOverride().showHelpAfterError('Run again with --help for the usage.');
  line.configureHelp({ showGlobalOptions: false });
  for (const child of line.commands) inheritExits(child);
  return line;
}
