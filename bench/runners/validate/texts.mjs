// Text sets of a person's own folder: rate and memory of the command on all rows, and on the first
// rows precision and recall against all exact pairs.
import fs from 'node:fs';
import path from 'node:path';
import { decompress } from 'zstd-napi';
import { DEPTH_MAX, filesIn } from '../checkpoint/models.mjs';
import { removedRows, writeRows } from '../dedup/inputs.mjs';
import { groupsOf, score } from '../dedup/score.mjs';
import { command, runOnce } from '../dedup/tools.mjs';
import { capture } from '../shared/programs.mjs';

const ENDINGS = ['.jsonl', '.jsonl.zst', '.ndjson'];
const FILES_MAX = 12;
const BYTES_MAX = 1 << 28; // of a set, unpacked
const SLICE_ROWS = 10_000;

/** [{ name, rows, bytes, removed, cpuSeconds, peakBytes, slice }]. */
export function texts(folder, { work, exactPairs, textKey }) {
  const files = filesIn(folder, DEPTH_MAX, ENDINGS).sort();
  const results = files.slice(0, FILES_MAX).flatMap((file) => {
    process.stderr.write(`  ${path.relative(folder, file)}\n`);
    const rows = textsOf(file, textKey);
    return rows.length === 0 ? [] : [measure(path.relative(folder, file), rows, work, exactPairs)];
  });
  return { files: results, leftOut: Math.max(0, files.length - FILES_MAX) };
}

function textsOf(file, textKey) {
  const bytes = fs.readFileSync(file);
  const whole = file.endsWith('.zst') ? decompress(bytes) : bytes;
  const end = whole.length > BYTES_MAX ? whole.lastIndexOf('\n', BYTES_MAX) : whole.length;
  const lines = whole.subarray(0, end).toString().split('\n');
  return lines.flatMap((line) => {
    const text = line === '' ? undefined : JSON.parse(line)[textKey];
    return typeof text === 'string' ? [text] : [];
  });
}

function measure(name, rows, work, exactPairs) {
  const whole = removedBy(writeRows(work, 'whole', rows));
  const slice = writeRows(work, 'slice', rows.slice(0, SLICE_ROWS));
  const pairs = JSON.parse(capture(exactPairs, [slice.file]));
  const found = score(removedBy(slice).removed, groupsOf(pairs));
  return {
    name,
    rows: rows.length,
    bytes: whole.bytes,
    removed: whole.removed.length,
    cpuSeconds: whole.take.cpu,
    peakBytes: whole.take.peakBytes,
    slice: { rows: slice.rows, ...found },
  };
}

function removedBy({ file, rows, bytes }) {
  const output = `${file}.out.jsonl`;
  fs.rmSync(output, { force: true });
  const take = runOnce(command(), file, output);
  return { take, bytes, removed: removedRows(output, rows) };
}
