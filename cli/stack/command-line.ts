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
}
