// `--models DIR`: published models that a person has on disk, alone and against a 1% changed copy.
import fs from 'node:fs';
import path from 'node:path';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { capture, definition } from '../shared/programs.mjs';
import { mib, printTable, ratio, speed } from '../shared/table.mjs';
import { alternate } from '../shared/workers.mjs';
import { ours } from './codec.mjs';
import { roundTrip } from './inputs.mjs';

/** `pattern` is looked for in folder and file names, then in config.json's `_name_or_path`. */
const MODELS = [
  { title: 'GPT-2', repository: 'openai-community/gpt2', pattern: /gpt-?2(?!\d)/i },
  { title: 'Qwen3-0.6B', repository: 'Qwen/Qwen3-0.6B', pattern: /qwen3[-_]?0\.6b/i },
  {
    title: 'TinyLlama',
    repository: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
    pattern: /tinyllama/i,
  },
  { title: 'ViT', repository: 'google/vit-base-patch16-224', pattern: /vit-(base|large|huge)/i },
  { title: 'DINOv2', repository: 'facebook/dinov2-base', pattern: /dinov2/i },
  {
    title: 'MiniLM',
    repository: 'sentence-transformers/all-MiniLM-L6-v2',
    pattern: /minilm/i,
  },
  { title: 'BGE', repository: 'BAAI/bge-small-en-v1.5', pattern: /bge-/i },
  { title: 'GTE', repository: 'thenlper/gte-small', pattern: /gte-/i },
];
/** Folders inside DIR that are searched: DIR/MODEL/file and the cache layout of the hub. */
export const DEPTH_MAX = 5;
/** What config.json says of models whose folder has another name. */
const TYPES = { gpt2: 'GPT-2', vit: 'ViT', dinov2: 'DINOv2' };

export async function models(context) {
  const folder = path.resolve(context.options.models);
  if (!fs.existsSync(folder)) throw new SetupError(`There is no folder ${folder}`);
  const found = filesIn(folder, DEPTH_MAX).map((file) => ({ file, title: titleOf(file) }));
  const result = {};
  for (const { title, repository } of MODELS) {
    const files = found.filter((one) => one.title === title).map((one) => one.file);
    if (title === 'MiniLM' && files.length === 0) files.push(context.modelFile);
    result[title] = files.length === 0 ? openRow(repository) : await measure(files, context);
  }
  print(result);
  return result;
}

function openRow(repository) {
  const to = `DIR/${repository.split('/')[1]}`;
  return { download: `hf download ${repository} --include '*.safetensors' --local-dir ${to}` };
}

async function measure(files, { work, worker, rounds }) {
  const shards = [];
  for (const file of files) {
    process.stderr.write(`  ${path.basename(path.dirname(file))}/${path.basename(file)}\n`);
    const changed = path.join(work, 'changed.safetensors');
    capture(PYTHON, [definition('changed_copy.py'), file, changed]);
    const alone = roundTrip(work, file);
    const delta = roundTrip(work, changed, { bases: [file] });
    const [codec] = Object.values(await alternate([ours(worker, { file })], { rounds }));
    shards.push({ file: path.basename(file), dtypes: dtypesOf(file), alone, delta, codec });
    fs.rmSync(changed);
  }
  return { shards };
}

/** Files of one of the `endings` in a folder, `depth` folders deep. */
export function filesIn(folder, depth, endings = ['.safetensors']) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    const isFolder = fs.statSync(name, { throwIfNoEntry: false })?.isDirectory();
    if (isFolder) return depth > 0 ? filesIn(name, depth - 1, endings) : [];
    return endings.some((ending) => entry.name.endsWith(ending)) ? [name] : [];
  });
}

function titleOf(file) {
  const parts = file.split(path.sep).slice(-DEPTH_MAX - 1);
  const byName = MODELS.find(({ pattern }) => parts.some((part) => pattern.test(part)));
  if (byName) return byName.title;
  const config = path.join(path.dirname(file), 'config.json');
  if (!fs.existsSync(config)) return undefined;
  const { _name_or_path: name = '', model_type: type } = JSON.parse(
    fs.readFileSync(config, 'utf8'),
  );
  return MODELS.find(({ pattern }) => pattern.test(name))?.title ?? TYPES[type];
}

/** Bytes by dtype, of the file's header. */
export function dtypesOf(file) {
  const handle = fs.openSync(file, 'r');
  try {
    const length = Buffer.alloc(8);
    fs.readSync(handle, length);
    const text = Buffer.alloc(Number(length.readBigUInt64LE()));
    fs.readSync(handle, text);
    const { __metadata__: _metadata, ...tensors } = JSON.parse(text.toString());
    const bytes = {};
    for (const {
      dtype,
      data_offsets: [begin, end],
    } of Object.values(tensors)) {
      bytes[dtype] = (bytes[dtype] ?? 0) + end - begin;
    }
    return bytes;
  } finally {
    fs.closeSync(handle);
  }
}

function print(result) {
  const rows = Object.entries(result).map(([title, { shards }]) =>
    shards ? [title, ...figures(shards)] : [title, 'open', '-', '-', '-', '-', '-'],
  );
  const commands = Object.values(result).flatMap(({ download }) => (download ? [download] : []));
  printTable(
    'Models on this disk, alone and 1% changed against the original; codec speeds of one thread',
    [['model', 'MiB', 'alone', '1% changed', 'compress GiB/s', 'restore GiB/s', 'dtypes'], ...rows],
    commands.length === 0
      ? ''
      : [
          'Open rows: download into DIR, then npm run bench -- checkpoint --models DIR',
          ...commands.map((line) => `  ${line}`),
        ].join('\n'),
  );
}

function figures(shards) {
  const sum = (pick) => shards.reduce((total, shard) => total + pick(shard), 0);
  const bytes = sum(({ codec }) => codec.bytes);
  const seconds = (step) => sum(({ codec }) => codec.bytes / codec[step].gibPerSecond);
  const of = (step) => sum((shard) => shard[step].bytesIn) / sum((shard) => shard[step].bytesOut);
  return [
    mib(bytes),
    ratio(of('alone')),
    ratio(of('delta')),
    speed(bytes / seconds('compress')),
    speed(bytes / seconds('decompress')),
    [...new Set(shards.flatMap(({ dtypes }) => Object.keys(dtypes)))].join(' '),
  ];
}
