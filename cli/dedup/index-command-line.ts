import type { Command as Line } from 'commander';
import {
  addCommand,
  type CommandSpec,
  forceOption,
  option,
  outputOption,
  type Runner,
  repeatable,
  threadsOption,
} from '../command-line.ts';

/** Adds `index` and its commands to the command `dedup`. */
export function addIndexCommands(parent: Line, runner: Runner, prefix: string): void {
  // Both have -o and others: behind `index` they belong to its commands.
  const index = parent
    .enablePositionalOptions()
    .command('index')
    .description('Texts in a folder, to find those that are like a new one');
  for (const spec of [build, add, query, remove, merge, info])
    addCommand(index, runner, spec(prefix));
}

type Spec = (prefix: string) => CommandSpec;

const FILES = '.jsonl, .jsonl.gz, .jsonl.zst or .parquet files, folders, patterns';

const rowOptions = () => [
  option('--text-key <name>', 'field that holds the text (default: text)'),
  option('--id-key <name>', 'field that identifies rows (default: they are named FILE:OFFSET)'),
  option('--max-bad <share>', 'end when more rows than this cannot be used (default: 1%)'),
  option('--memory <size>', 'memory to use, such as 4GiB (default: half, at most 8GiB)'),
  threadsOption(),
];

const build: Spec = (prefix) => ({
  name: 'build',
  summary: 'Make an index of the texts of files',
  args: [['<inputs...>', FILES]],
  options: [
    outputOption('folder of the index'),
    forceOption(),
    ...rowOptions(),
    option('--threshold <j>', 'least Jaccard similarity of neighbours (default: 0.8)'),
    option('--ngram <n>', 'what is compared: 5, word:5 or char:24 (default: word:5)'),
    option('--num-perm <n>', 'MinHash permutations (default: 128)'),
    option('--bands <n>', 'LSH bands, with --rows (default: they suit the threshold)'),
    option('--rows <n>', 'rows of a band'),
    option('--seed <n>', 'picks hash functions (default: 0)'),
  ],
  examples: [
    [`${prefix} build corpus.jsonl -o corpus.index --id-key id`, 'one row, one entry'],
    [`${prefix} build data/ -o data.index --threshold 0.9`, 'a folder, for very similar texts'],
  ],
  load: async () => (await import('./index-write.ts')).buildIndex,
});

const add: Spec = (prefix) => ({
  name: 'add',
  summary: 'Add the texts of more files; readers see all of them or none',
  args: [
    ['<index>', 'folder of the index'],
    ['<inputs...>', FILES],
  ],
  options: rowOptions(),
  examples: [
    [`${prefix} add corpus.index new.jsonl --id-key id`, 'with the settings of the index'],
  ],
  load: async () => (await import('./index-write.ts')).addToIndex,
});

const query: Spec = (prefix) => ({
  name: 'query',
  summary: 'Find the texts that are like one, or like each row of files',
  args: [
    ['<index>', 'folder of the index'],
    ['[inputs...]', FILES],
  ],
  options: [
    option('--text <text>', 'look up this text'),
    outputOption('with files: where to write one JSON object a row'),
    option('--threshold <j>', 'least similarity (default: that of the index)'),
    option('--limit <n>', 'most neighbours of a text (default: 10)'),
    ...rowOptions(),
  ],
  examples: [
    [`${prefix} query corpus.index --text "some words to look up"`, 'one text'],
    [`${prefix} query corpus.index new.jsonl -o found.jsonl`, 'the neighbours of every row'],
  ],
  load: async () => (await import('./index-query.ts')).queryIndex,
});

const remove: Spec = (prefix) => ({
  name: 'remove',
  summary: 'Remove the texts with these ids',
  args: [['<index>', 'folder of the index']],
  options: [
    repeatable('--id <id>', 'id of a text; repeatable'),
    option('--ids <path>', 'file with one id a line'),
  ],
  examples: [[`${prefix} remove corpus.index --id 4711`, 'it is not found any more']],
  load: async () => (await import('./index-write.ts')).removeFromIndex,
});

const merge: Spec = (prefix) => ({
  name: 'merge',
  summary: 'Make all parts one, without the removed texts',
  args: [['<index>', 'folder of the index']],
  examples: [[`${prefix} merge corpus.index`, 'the smallest and the fastest form']],
  load: async () => (await import('./index-write.ts')).mergeIndex,
});

const info: Spec = (prefix) => ({
  name: 'info',
  summary: 'Say what is in an index',
  args: [['<index>', 'folder of the index']],
  options: [option('--check', 'read all of it and compare the checksums')],
  examples: [[`${prefix} info corpus.index --check`, 'and whether it is whole']],
  load: async () => (await import('./index-query.ts')).indexInfo,
});
