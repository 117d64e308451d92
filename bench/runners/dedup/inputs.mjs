// Text sets: those of a folder, and those that synthetic.py makes.
import fs from 'node:fs';
import path from 'node:path';
import { decompress } from 'zstd-napi';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { ROOT } from '../../../scripts/system/cache.mjs';
import { capture, definition } from '../shared/programs.mjs';

/** Real sets: files `NAME.jsonl.zst` or `NAME.jsonl` with `text`; docs/benchmarks.md says where from. */
export const SETS = ['agnews_test', 'rt_polarity', 'tweeteval', 'imdb_train', 'imdb_test'];
export const DATA = path.join(ROOT, '..', 'shared', 'data', 'dedup');

/**
 * The first texts of a set, at most `rowsMax` and as many as lie within `bytesMax` bytes of the file;
 * or null, said on standard error, where the set is not there.
 */
export function textsOf(
  name,
  { data = DATA, rowsMax = Number.POSITIVE_INFINITY, bytesMax = Number.POSITIVE_INFINITY } = {},
) {
  const plain = path.join(data, `${name}.jsonl`);
  const packed = `${plain}.zst`;
  const file = [plain, packed].find((one) => fs.existsSync(one));
  if (file === undefined) {
    process.stderr.write(`  skipped: ${name}.jsonl(.zst) is not in the folder of --data\n`);
    return null;
  }
  const bytes = fs.readFileSync(file);
  const whole = file === packed ? decompress(bytes) : bytes;
  const end = whole.length > bytesMax ? whole.lastIndexOf('\n', bytesMax) : whole.length;
  const lines = whole.subarray(0, end).toString().split('\n');
  const rows = lines.filter((line) => line !== '').slice(0, rowsMax);
  return rows.map((line) => JSON.parse(line).text);
}

/** Writes texts as rows whose id is their number; returns { name, file, rows, bytes }. */
export function writeRows(work, name, texts) {
  const folder = path.join(work, name);
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.jsonl');
  const lines = texts.map((text, at) => `${JSON.stringify({ id: `${at}`, text })}\n`);
  fs.writeFileSync(file, lines.join(''));
  return { name, file, rows: texts.length, bytes: fs.statSync(file).size };
}

/** Makes a set of synthetic.py; returns { name, file, rows, bytes, origins }. */
export function makeSynthetic(work, kind) {
  const file = path.join(work, `${kind}.jsonl`);
  capture(PYTHON, [definition('dedup', 'synthetic.py'), kind, file]);
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  const origins = lines.map((line) => {
    const { of, similarity } = JSON.parse(line);
    return { of, similarity };
  });
  return { name: kind, file, rows: lines.length, bytes: fs.statSync(file).size, origins };
}

/** Which of `rows` rows are not in a file of rows; a row that was not in the input throws. */
export function removedRows(file, rows) {
  const kept = new Set();
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const id = Number(JSON.parse(line).id);
    if (!(id >= 0 && id < rows) || kept.has(id)) throw new Error(`${file}: row ${id}`);
    kept.add(id);
  }
  return Array.from({ length: rows }, (_, row) => row).filter((row) => !kept.has(row));
}
