import type { Command as Line } from 'commander';
import {
  addCommand,
  awsOptions,
  forceOption,
  option,
  outputOption,
  type Runner,
  repeatable,
  showExamplesFirst,
  threadsOption,
} from '../command-line.ts';

const BASE =
  'earlier checkpoint that it refers to, plain or .mith, a folder for a folder; may be repeated';

export function addCheckpointCommands(parent: Line, runner: Runner, prefix: string): void {
  showExamplesFirst(parent, [
    [`${prefix} compress model.safetensors`, 'write model.safetensors.mith'],
    [`${prefix} compress step2.pt --base step1.pt`, 'store only what changed since step1.pt'],
    [`${prefix} decompress model.safetensors.mith`, 'the original bytes back, checked'],
    [`${prefix} restore s3://BUCKET/KEY -o FILE`, 'the same for a checkpoint in S3'],
  ]);
  addFileCommands(parent, runner, prefix);
  addReadingCommands(parent, runner, prefix);
  addStoreCommands(parent, runner, prefix);
}

function addFileCommands(parent: Line, runner: Runner, prefix: string): void {
  addCommand(parent, runner, {
    name: 'compress',
    summary: 'Compress a file, or every file of a folder, losslessly into .mith files',
    args: [['<input>', 'the file or folder to compress']],
    options: [
      outputOption('output file or folder (default: INPUT.mith)'),
      repeatable('-b, --base <path>', BASE),
      threadsOption(),
      option('--level <level>', 'speed against size')
        .choices(['fast', 'default', 'max'])
        .default('default'),
      forceOption(),
    ],
    examples: [
      [`${prefix} compress model.safetensors`, 'write model.safetensors.mith'],
      [`${prefix} compress step2.pt --base step1.pt`, 'store only what changed since step1.pt'],
      [`${prefix} compress step-200/ --base step-100/`, 'every file against its namesake'],
      [`${prefix} compress m.safetensors --format json`, 'figures as JSON on stdout'],
    ],
    load: async () => (await import('./compress.ts')).compress,
  });
  addCommand(parent, runner, {
    name: 'decompress',
    summary: 'Restore the original bytes of a .mith file or folder, checked',
    args: [['<input>', 'the .mith file, or a folder of them']],
    options: [
      outputOption('output file or folder (default: INPUT without .mith)'),
      repeatable('-b, --base <path>', BASE),
      option('--tensor <name>', 'only this tensor: .npy, or raw bytes for any other output name'),
      threadsOption(),
      forceOption(),
    ],
    examples: [
      [`${prefix} decompress model.safetensors.mith`, 'write model.safetensors'],
      [`${prefix} decompress step2.pt.mith --base step1.pt`, 'a delta needs its base'],
      [`${prefix} decompress m.mith --tensor lm_head.weight -o h.npy`, 'one tensor for numpy'],
    ],
    load: async () => (await import('./decompress.ts')).decompress,
  });
}

function addReadingCommands(parent: Line, runner: Runner, prefix: string): void {
  const base = (): ReturnType<typeof repeatable> => repeatable('-b, --base <path>', BASE);
  addCommand(parent, runner, {
    name: 'verify',
    summary: 'Decode a .mith file and check every checksum; nothing is written',
    args: [['<input>', 'the .mith file, or a folder of them']],
    options: [base(), threadsOption()],
    examples: [[`${prefix} verify model.safetensors.mith`, 'exit code 3 if it is damaged']],
    load: async () => (await import('./verify.ts')).verify,
  });
  addCommand(parent, runner, {
    name: 'info',
    summary: 'Show sizes, checksums, container and base of a .mith file',
    args: [['<input>', 'the .mith file']],
    examples: [[`${prefix} info model.safetensors.mith`, 'reads only the end of the file']],
    load: async () => (await import('./info.ts')).info,
  });
  addCommand(parent, runner, {
    name: 'ls',
    summary: 'List the tensors of a .mith file',
    args: [['<input>', 'the .mith file']],
    options: [base()],
    examples: [[`${prefix} ls model.safetensors.mith`, 'name, type, shape, bytes']],
    load: async () => (await import('./list-tensors.ts')).listTensors,
  });
}

function addStoreCommands(parent: Line, runner: Runner, prefix: string): void {
  addCommand(parent, runner, {
    name: 'restore',
    summary: 'Restore a compressed checkpoint of the store, or one of its tensors',
    args: [['<uri>', 's3://bucket/key of the original']],
    options: [
      outputOption('output file'),
      option('--version-id <id>', 'this version of the object (default: the latest verified)'),
      option('--tensor <name>', 'only this tensor; reads its blocks only'),
      option('--to <uri>', 's3://bucket/key: the state machine in the account writes it there'),
      forceOption(),
      ...awsOptions(),
    ],
    examples: [
      [`${prefix} restore s3://BUCKET/KEY -o model.safetensors`, 'to a file, checked'],
      [`${prefix} restore s3://BUCKET/KEY --tensor wte -o wte.npy`, 'one tensor'],
      [`${prefix} restore s3://BUCKET/KEY --to s3://BUCKET/restored/KEY`, 'inside AWS'],
    ],
    load: async () => (await import('./restore.ts')).restore,
  });
  addCommand(parent, runner, {
    name: 'status',
    summary: 'Show state, progress, ratio and base of checkpoints in S3',
    args: [['<uri>', 's3://bucket/key, or s3://bucket/prefix/ for all below']],
    options: awsOptions(),
    examples: [
      [`${prefix} status s3://BUCKET/checkpoints/`, 'one line a checkpoint'],
      [`${prefix} status s3://BUCKET/KEY`, 'all that is known of one'],
    ],
    load: async () => (await import('./status.ts')).status,
  });
  addCommand(parent, runner, {
    name: 'reconcile',
    summary: 'Start the compression of uploads that were missed',
    options: [
      option('-n, --dry-run', 'only say what would be started'),
      option('--retry-failed', 'give checkpoints that used up their attempts one more'),
      ...awsOptions(),
    ],
    examples: [[`${prefix} reconcile --dry-run`, 'what was missed']],
    load: async () => (await import('./reconcile.ts')).reconcile,
  });
  addCommand(parent, runner, {
    name: 'plan',
    summary: 'Estimate savings, price and risk from samples; nothing is written',
    args: [['<input>', 'a file, or s3://bucket/key']],
    options: [
      option('-b, --base <path>', 'the checkpoint before it: a file, or s3://bucket/key'),
      threadsOption(),
      ...awsOptions(),
    ],
    examples: [
      [`${prefix} plan model.safetensors`, 'what compression would give'],
      [`${prefix} plan s3://BUCKET/step2 --base s3://BUCKET/step1`, 'and as a delta'],
    ],
    load: async () => (await import('./plan.ts')).plan,
  });
}
