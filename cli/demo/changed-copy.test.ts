import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TensorRecord } from '../../shared/ports/codec.ts';
import { spansOf, writeChangedCopy } from './changed-copy.ts';

const BYTES = 100_000;
const record = (name: string, dtype: string, offset: number, length: number): TensorRecord => ({
  name,
  dtype,
  shape: [],
  offset,
  length,
  order: 'row-major',
});
/** Ids, then floats of two types; out of order, with gaps. */
const TENSORS = [
  record('half', 'F16', 60_000, 30_000),
  record('ids', 'I64', 1_000, 8_000),
  record('weight', 'F32', 10_000, 40_000),
];

let folder: string;
let original: Buffer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-copy-'));
  original = Buffer.alloc(BYTES);
  for (let at = 0; at < BYTES; at += 4) original.writeFloatLE(1 + at / BYTES, at);
  await writeFile(join(folder, 'in'), original);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const copy = (
  tensors: readonly TensorRecord[],
  name: string,
  signal = new AbortController().signal,
) => writeChangedCopy(join(folder, 'in'), join(folder, name), tensors, signal);

function changedAt(bytes: Buffer): readonly number[] {
  return [...bytes.keys()].filter((at) => bytes[at] !== original[at]);
}

describe('a changed copy', () => {
  it('covers the file once, in order', () => {
    const spans = spansOf(TENSORS, BYTES);
    expect(spans.map(({ offset, length, type }) => [offset, length, type])).toEqual([
      [0, 10_000, null],
      [10_000, 40_000, 'F32'],
      [50_000, 10_000, null],
      [60_000, 30_000, 'F16'],
      [90_000, 10_000, null],
    ]);
    expect(spansOf([], 5)).toEqual([{ offset: 0, length: 5, type: 'byte' }]);
  });

  it('differs only inside of float tensors, and tells its own digest', async () => {
    const result = await copy(TENSORS, 'out');
    const bytes = await readFile(join(folder, 'out'));
    expect(result).toMatchObject({ bytes: BYTES, values: 10_000 + 15_000 });
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(result.sha256);
    const outside = changedAt(bytes).filter(
      (at) => !(at >= 10_000 && at < 50_000) && !(at >= 60_000 && at < 90_000),
    );
    expect(outside).toEqual([]);
    expect(result.changed).toBeGreaterThan(150);
  });

  it('is the pinned one: the same bytes on every machine', async () => {
    expect([(await copy(TENSORS, 'a')).sha256, (await copy([], 'b')).sha256]).toEqual([
      '58a5dbb4d1fde5e40a81721fb0def507d1376442c541e4c8f7b95c1f33a62e85',
      '2ae004e2a34ef8d328d2ed9cfe978f1b0ad05ad5c1ae028655a86271e82fa89b',
    ]);
  });

  it('stops when it is told to', async () => {
    await expect(copy(TENSORS, 'c', AbortSignal.abort())).rejects.toThrow(/abort/u);
  });
});
