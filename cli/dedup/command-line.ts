import type { Command as Line } from 'commander';
import {
  type CommandSpec,
  defineCommand,
  forceOption,
  option,
  outputOption,
  type Runner,
  repeatable,
  threadsOption,
} from '../command-line.ts';
import { addIndexCommands } from './index-command-line.ts';
import { addJobCommands } from './job/command-line.ts';

/** Adds the arguments and options of dedup to `line`, which is called `prefix` on the command line. */
export function defineDedup(line: Line, runner: Runner, prefix: string): void {
  defineCommand(line, runner, dedupSpec(prefix));
  addIndexCommands(line, runner, `${prefix} index`);
  addJobCommands(line, runner, prefix, [...rowOptions(), ...duplicateOptions()]);
}

const dedupSpec = (prefix: string): CommandSpec => ({
  name: 'dedup',
  summary: 'Remove near-duplicate rows of text datasets, verified exactly',
  args: [['[inputs...]', '.jsonl(.gz, .zst) or .parquet files, folders, patterns, or - (stdin)']],
  options: [...fileOptions(), ...duplicateOptions(), ...runOptions()],
  examples: [
    [`${prefix} docs.jsonl -o clean.jsonl`, 'keep the first row of every group'],
    [`${prefix} data/ -o clean/ --report removed.jsonl`, 'a folder, and why each row went'],
    [
      `${prefix} train.jsonl -o out.jsonl --against test.jsonl`,
      'remove rows that the test set has',
    ],
    [`${prefix} docs.jsonl --keep max:score -o best.jsonl`, 'keep the row with the best score'],
    [`${prefix} 'data/*.zst' --dry-run`, 'time, scratch and duplicates from a sample'],
    [`${prefix} data.parquet --exact -o clean.parquet`, 'equal texts only'],
    [`${prefix} --explain --threshold 0.9`, 'which pairs are found'],
    [`${prefix} submit s3://DATA/raw/ -o s3://DATA/clean/`, 'the job in your AWS account'],
  ],
  load: async () => (await import('./dedup.ts')).dedup,
});

const fileOptions = () => [
  outputOption('output: a file for one input, a folder for many'),
  forceOption(),
  ...rowOptions(),
  option('--report <path>', 'list each removed row: survivor, similarity, link, cluster'),
  option('--rejected <path>', 'list of rows that cannot be used (default: OUT.rejected.jsonl)'),
  repeatable('--against <path>', 'remove rows that are like one of this reference; repeatable'),
];

const rowOptions = () => [
  option('--text-key <name>', 'field or column that holds the text (default: text)'),
  option('--id-key <name>', 'field that identifies rows in the report'),
  option('--max-bad <share>', 'end when more rows than this cannot be used (default: 1%)'),
];

const duplicateOptions = () => [
  option('--threshold <j>', 'least Jaccard similarity of duplicates (default: 0.8)'),
  option('--ngram <n>', 'what is compared: 5, word:5 or char:24 (default: word:5)'),
  option('--num-perm <n>', 'MinHash permutations (default: 128)'),
  option('--bands <n>', 'LSH bands, with --rows (default: they suit the threshold)'),
  option('--rows <n>', 'rows of a band'),
  option('--seed <n>', 'picks hash functions (default: 0)'),
  option('--keep <rule>', 'survivor: first, last, longest or max:FIELD (default: first)'),
  option('--mode <mode>', 'drop, annotate or drop-all (default: drop)'),
];

const runOptions = () => [
  option('--exact', 'remove texts that are the same byte for byte, and no others'),
  option(
    '--index <kind>',
    'verified, or lshbloom: little memory, nothing compared (default: verified)',
  ),
  option('--bloom-error <p>', 'how often lshbloom may drop a new text (default: 0.001)'),
  option('--explain', 'show which pairs the bands find, and end'),
  option('-n, --dry-run', 'time, scratch bytes and duplicates from a sample; writes nothing'),
  option('--memory <size>', 'memory to use, such as 4GiB (default: half, at most 8GiB)'),
  threadsOption(),
  option('--scratch <path>', 'folder for unfinished work (default: OUT.mithril-scratch)'),
  option('--config <path>', 'TOML file with any of these options; flags win'),
];
