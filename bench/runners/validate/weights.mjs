// Checkpoints of a person's own folder: alone, and against the file before where there is one.
import fs from 'node:fs';
import path from 'node:path';
import { ours } from '../checkpoint/codec.mjs';
import { roundTrip } from '../checkpoint/inputs.mjs';
import { DEPTH_MAX, dtypesOf, filesIn } from '../checkpoint/models.mjs';
import { alternate } from '../shared/workers.mjs';

const ENDINGS = ['.safetensors', '.pt', '.pth', '.bin', '.ckpt', '.distcp', '.npz'];
const FILES_MAX = 12;

/** [{ name, bytes, dtypes, alone, delta, codec }]; every file was restored and compared first. */
export async function weights(folder, { work, worker, rounds }) {
  const files = filesIn(folder, DEPTH_MAX, ENDINGS).sort(byNumbers);
  const results = [];
  for (const [at, file] of files.slice(0, FILES_MAX).entries()) {
    process.stderr.write(`  ${path.relative(folder, file)}\n`);
    const isSafetensors = file.endsWith('.safetensors');
    const base = baseOf(file, files.slice(0, at));
    const speeds = isSafetensors
      ? Object.values(await alternate([ours(worker, { file })], { rounds }))[0]
      : undefined;
    results.push({
      name: path.relative(folder, file),
      bytes: fs.statSync(file).size,
      dtypes: isSafetensors ? dtypesOf(file) : {},
      alone: roundTrip(work, file),
      delta: base && roundTrip(work, file, { bases: [base] }),
      codec: speeds,
    });
  }
  return { files: results, leftOut: Math.max(0, files.length - FILES_MAX) };
}

/** step-9 comes before step-10. */
const byNumbers = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/** The file before of the same kind and size, within 1%: most likely the step before. */
function baseOf(file, before) {
  const size = fs.statSync(file).size;
  return before.findLast(
    (one) =>
      path.extname(one) === path.extname(file) &&
      Math.abs(fs.statSync(one).size - size) < size / 100,
  );
}
