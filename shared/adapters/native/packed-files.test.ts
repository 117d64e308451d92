import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackedFiles, PackedOptions } from '../../ports/codec.ts';
import { openPackedFiles } from './packed-files.ts';

const name = `mithril-native.${process.platform}-${process.arch}.node`;
const built = fileURLToPath(new URL(`../../../native/codec-napi/${name}`, import.meta.url));
const isBuilt = existsSync(built);
const why = isBuilt ? '' : ' (skipped: not built, run: node scripts/setup.mjs codec)';

const options: PackedOptions = { bases: [], threads: 1, level: 'default' };

describe.skipIf(!isBuilt)(`packed files${why}`, () => {
  let folder: string;
  let packed: PackedFiles;
  const at = (file: string): string => join(folder, file);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mithril-packed-'));
    packed = openPackedFiles();
    const weights = Float32Array.from({ length: 500_000 }, (_, n) => Math.cos(n) * 0.1);
    await writeFile(at('one.bin'), Buffer.from(weights.buffer));
    const changed = weights.map((value, n) => (n % 200 === 0 ? value * 1.01 : value));
    await writeFile(at('two.bin'), Buffer.from(changed.buffer));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('restores a file bit for bit, alone and from its base', async () => {
    const one = await packed.compress(at('one.bin'), at('one.mith'), options);
    const bases = [at('one.mith')];
    const two = await packed.compress(at('two.bin'), at('two.mith'), { ...options, bases });
    expect(one.bytesIn).toBe(2_000_000);
    expect(one.bytesOut).toBe((await stat(at('one.mith'))).size);
    expect(two.bytesOut).toBeLessThan(one.bytesOut / 5);
    await packed.decompress(at('two.mith'), at('two.back'), { ...options, bases });
    expect((await readFile(at('two.back'))).equals(await readFile(at('two.bin')))).toBe(true);
    expect(await packed.verify(at('two.mith'), { ...options, bases })).toMatchObject({
      crc32: two.crc32,
      crc64nvme: two.crc64nvme,
    });
    expect(await packed.info(at('two.mith'))).toMatchObject({
      name: 'two.bin',
      bytes: 2_000_000,
      storedBytes: two.bytesOut,
      depth: 1,
      container: { kind: 'opaque' },
    });
  });

  it('reports progress up to the end', async () => {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number) => void seen.push([done, total]);
    await packed.compress(at('one.bin'), at('progress.mith'), { ...options, onProgress });
    expect(seen.at(-1)).toEqual([2_000_000, 2_000_000]);
  });

  it('ends with Cancelled when the signal says so', async () => {
    const signal = AbortSignal.abort();
    const job = packed.compress(at('one.bin'), at('cancelled.mith'), { ...options, signal });
    await expect(job).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('gives errors a code', async () => {
    const missing = packed.info(at('missing.mith'));
    await expect(missing).rejects.toMatchObject({ code: 'Io' });
    const wrong = packed.verify(at('one.bin'), options);
    await expect(wrong).rejects.toMatchObject({ code: expect.stringMatching(/^[A-Z]\w+$/) });
  });
});
