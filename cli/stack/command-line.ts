import type { Command as Line } from 'commander';
import {
  addCommand,
  awsOptions,
  forceOption,
  option,
  outputOption,
  type Runner,
} from '../command-line.ts';

export function addStackCommands(program: Line, runner: Runner): void {
  const stack = program.command('stack').description('The deployed CDK stack');
  addCommand(stack, runner, {
    name: 'config',
    summary: "Write mithril.toml from the stack's outputs, so that commands need no names",
    options: [
      option('--stack <name>', 'name of the CloudFormation stack').default('Mithril'),
      outputOption('settings file to write').default('mithril.toml'),
      forceOption(),
      ...awsOptions(),
    ],
    examples: [['mithril stack config --stack Mithril -o mithril.toml', 'after cdk deploy']],
    load: async () => (await import('./config.ts')).stackConfig,
  });
  addCommand(stack, runner, {
    name: 'status',
    summary: 'Say what is deployed, what runs, what failed and what waits',
    options: [stackOption(), ...awsOptions()],
    examples: [
      ['mithril stack status', 'the stack of mithril.toml'],
      ['mithril stack status --stack Team --format json', 'another one, for a program'],
    ],
    load: async () => (await import('./status.ts')).stackStatus,
  });
  addCommand(stack, runner, {
    name: 'cost',
    summary: 'Estimate what finished work cost, from what its workers measured, and what it saves',
    args: [['<uri>', 's3:// URI of an object, of a prefix, or of the output of a dedup job']],
    options: awsOptions(),
    examples: [
      ['mithril stack cost s3://BUCKET/checkpoints/', 'each checkpoint, and all together'],
      ['mithril stack cost s3://BUCKET/deduplicated/set/', 'the dedup job that wrote there'],
    ],
    load: async () => (await import('./cost.ts')).stackCost,
  });
}

const stackOption = () =>
  option(
    '--stack <name>',
    'name of the CloudFormation stack (else that of mithril.toml, or Mithril)',
  );
