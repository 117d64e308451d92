import type { Command as Line, Option } from 'commander';
import { addCommand, awsOptions, option, outputOption, type Runner } from '../../command-line.ts';

/** `submit`, `status` and `plan`: the job in the team's account. */
export function addJobCommands(
  line: Line,
  runner: Runner,
  prefix: string,
  duplicateOptions: readonly Option[],
): void {
  addCommand(line, runner, {
    name: 'submit',
    summary: 'Deduplicate the objects below an S3 prefix, in your AWS account',
    args: [['<input>', 's3://BUCKET/PREFIX/ with .jsonl, .jsonl.gz or .jsonl.zst objects']],
    options: [
      outputOption('s3://BUCKET/PREFIX/ of the results; nothing may be there'),
      ...duplicateOptions,
      option('--wait', 'show the progress, and end when the job has ended'),
      ...awsOptions(),
    ],
    examples: [
      [`${prefix} submit s3://DATA/raw/ -o s3://DATA/clean/`, 'start the job'],
      [`${prefix} submit s3://DATA/raw/ -o s3://DATA/clean/ --wait`, 'and watch it'],
      [`${prefix} status s3://DATA/clean/`, 'how far it is'],
    ],
    load: async () => (await import('./submit.ts')).submit,
  });
  addCommand(line, runner, {
    name: 'status',
    summary: 'Say how far a job in AWS is, and what it found',
    args: [['<output>', 's3://BUCKET/PREFIX/ of the results']],
    options: awsOptions(),
    examples: [[`${prefix} status s3://DATA/clean/`, 'stages, attempts, counts']],
    load: async () => (await import('./status.ts')).status,
  });
  addCommand(line, runner, {
    name: 'plan',
    summary: 'Say what a job in AWS would take: time, price, concurrency; starts nothing',
    args: [['<input>', 's3://BUCKET/PREFIX/ with .jsonl, .jsonl.gz or .jsonl.zst objects']],
    options: [
      ...duplicateOptions,
      option('--workers <n>', 'functions at once (default: 200, as the stack has it)'),
      option('--row-bytes <n>', 'bytes of a row (default: 500)'),
      option('--candidates <share>', 'share of rows that may be duplicates (default: 30%)'),
      ...awsOptions(),
    ],
    examples: [
      [`${prefix} plan s3://DATA/raw/`, 'by formulas, from sizes alone'],
      [`${prefix} plan s3://DATA/raw/ --workers 1000 --row-bytes 2000`, 'for another account'],
    ],
    load: async () => (await import('./plan.ts')).plan,
  });
}
