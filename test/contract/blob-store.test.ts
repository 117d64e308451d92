import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compress } from 'zstd-napi';
import { createFsBlobStore } from '../../shared/adapters/fs/fs-blob-store.ts';
import { createMemoryBlobStore } from '../../shared/adapters/memory/memory-blob-store.ts';
import { createZstdStreams } from '../../shared/adapters/zstd/zstd-streams.ts';
import type { BlobReference, BlobStore } from '../../shared/ports/blob-store.ts';
import { describeBlobStore, inPieces, load, referenceTo, SAMPLES, store } from './blob-store.ts';

const zstd = createZstdStreams();

describeBlobStore('memory', async () => ({
  blobs: createMemoryBlobStore(() => 0),
  close: async () => undefined,
}));
for (const [name, streams] of [
  ['files with zstd', zstd],
  ['files as they are', null],
] as const) {
  describeBlobStore(name, async () => {
    const root = await mkdtemp(join(tmpdir(), 'mithril-blobs-'));
    const close = () => rm(root, { recursive: true, force: true });
    return { blobs: createFsBlobStore(root, streams), close };
  });
}

describe('blobs as files', () => {
  let root: string;
  let blobs: BlobStore;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'mithril-blobs-'));
    blobs = createFsBlobStore(root, zstd);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const fileOf = async ({ digest }: BlobReference): Promise<string> => {
    const folder = join(root, 'team', digest.slice(0, 2));
    const name = (await readdir(folder)).find((found) => found.startsWith(digest));
    return join(folder, name ?? 'absent');
  };
  /** Reads again in another process, as it were: nothing is remembered as checked. */
  const loadAnew = (reference: BlobReference) =>
    load(createFsBlobStore(root, zstd), reference).catch((error: unknown) =>
      error instanceof Error ? error.name : 'other',
    );

  it('are compressed where a tenth is saved, and kept as they are elsewhere', async () => {
    const kept = await Promise.all(
      SAMPLES.map(async ([name, bytes]) => {
        const file = await fileOf(await store(blobs, bytes));
        return [name, file.endsWith('.zst'), (await stat(file)).size];
      }),
    );
    expect(kept).toEqual([
      ['nothing', false, 0],
      ['one byte', false, 1],
      ['short text', true, expect.any(Number)],
      ['64 KiB of noise', false, 65_536],
      ['3 MiB of text', true, expect.any(Number)],
      ['3 MiB and 1 byte of noise', false, 3_145_729],
    ]);
    expect(kept[4]?.[2]).toBeLessThan(10_000);
    const archive = compress(Buffer.from(SAMPLES[4]?.[1] ?? []), { compressionLevel: 19 });
    expect(await fileOf(await store(blobs, archive))).not.toMatch(/zst$/u);
  });

  it('leave no temporary file, whatever happened to their body', async () => {
    const failing = (async function* () {
      yield randomBytes(200_000);
      throw new Error('broken');
    })();
    await expect(blobs.stage('team', failing)).rejects.toThrow('broken');
    await store(blobs, randomBytes(200_000));
    await (await blobs.stage('team', inPieces(randomBytes(100)))).discard();
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  it.each(SAMPLES.slice(1))('of %s are not given when any byte was altered', async (_, bytes) => {
    const reference = await store(blobs, bytes);
    const file = await fileOf(reference);
    const original = await readFile(file);
    for (const at of [0, original.length >> 1, original.length - 1]) {
      const altered = Buffer.from(original);
      altered[at] = (altered[at] ?? 0) ^ 1;
      await writeFile(file, altered);
      expect(['damaged', 'BlobDamagedError']).toContain(await loadAnew(reference));
      // Also where this very process had checked the file before it was altered.
      expect(['damaged', 'BlobDamagedError']).toContain(
        await load(blobs, reference).catch(() => 'damaged'),
      );
    }
    await store(blobs, bytes); // writing it again heals it
    const healed = await loadAnew(reference);
    expect(Buffer.isBuffer(healed) && healed.equals(bytes)).toBe(true);
  });

  it('are not given when their file was cut', async () => {
    for (const [, bytes] of SAMPLES.slice(1)) {
      const reference = await store(blobs, bytes);
      const file = await fileOf(reference);
      await truncate(file, (await stat(file)).size - 1);
      expect(['damaged', 'BlobDamagedError']).toContain(await loadAnew(reference));
    }
  });

  it('hold back their last bytes until all was seen to be right', async () => {
    const bytes = randomBytes(2 * 1024 * 1024 + 10);
    const reference = await store(blobs, bytes);
    const file = await fileOf(reference);
    const altered = Buffer.from(bytes);
    altered[5] = (altered[5] ?? 0) ^ 1;
    await writeFile(file, altered);
    for (const range of [null, { offset: 100, length: 50 }]) {
      const read = await blobs.read(reference, range);
      if (read.kind !== 'stream') throw new Error('expected a stream');
      let given = 0;
      const take = async () => {
        for await (const piece of read.body) given += piece.length;
      };
      await expect(take()).rejects.toMatchObject({ code: 'Corruption' });
      expect(given).toBeLessThan(range?.length ?? bytes.length);
    }
  });

  it('that a file claims to expand to without end are cut off', async () => {
    const bytes = Buffer.alloc(100_000, 'x');
    const reference = await store(blobs, bytes);
    const bomb = compress(Buffer.alloc(256 * 1024 * 1024));
    await writeFile(await fileOf(reference), bomb);
    const before = process.memoryUsage().rss;
    expect(await loadAnew(reference)).toBe('damaged');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('are all absent where the folder is', async () => {
    expect(await loadAnew(referenceTo(Buffer.from('never written')))).toBe('absent');
  });
});
