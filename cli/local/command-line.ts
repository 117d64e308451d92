import type { Command as Line } from 'commander';
import { addCommand, option, type Runner, repeatable, showExamplesFirst } from '../command-line.ts';

export function addLocalCommands(program: Line, runner: Runner): void {
  const local = program
    .command('local')
    .description('AWS on this machine: the unmodified template on MiniStack, loopback only');
  showExamplesFirst(local, [
    ['mithril local demo', 'all three products, with real data'],
    ['mithril local up', 'start the local stack and keep it'],
    ['mithril local down', 'end it'],
  ]);
  addCommand(local, runner, {
    name: 'up',
    summary: 'Start the local stack, deploy to it and write its mithril.toml',
    examples: [['mithril local up', 'stays until "mithril local down"']],
    options: [option('--port <n>', 'port on 127.0.0.1 (default: a free one)')],
    load: async () => (await import('./up.ts')).up,
  });
  addCommand(local, runner, {
    name: 'down',
    summary: 'End the local stack',
    examples: [['mithril local down', 'safe to call twice']],
    load: async () => (await import('./down.ts')).down,
  });
  addCommand(local, runner, {
    name: 'status',
    summary: 'Say whether the local stack runs, and where',
    examples: [['mithril local status', 'exit code 1 when it does not']],
    load: async () => (await import('./status.ts')).status,
  });
  addCommand(local, runner, {
    name: 'demo',
    summary: 'Show all three products on this machine, with real data and every answer compared',
    options: [
      option('--file <path>', 'use this file instead of the all-MiniLM-L6-v2 weights'),
      option('--host <kind>', 'where the pipeline runs').choices(['aws-local', 'one-machine']),
      repeatable('--only <product>', 'checkpoint, dedup or cache; may be repeated'),
      option('--keep', 'leave the local stack running afterwards'),
    ],
    examples: [
      ['mithril local demo', 'with the weights of all-MiniLM-L6-v2 (83 MB download, once)'],
      ['mithril local demo --file model.safetensors', 'with your own checkpoint'],
      ['mithril local demo --only dedup --only cache', 'some of the products'],
      ['mithril local demo --host one-machine', 'without the local stack: files and lmdb'],
    ],
    load: async () => (await import('./demo.ts')).demo,
  });
}
