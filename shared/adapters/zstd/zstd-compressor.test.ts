import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createZstdCompressor } from './zstd-compressor.ts';

const zstd = createZstdCompressor();
const text = Buffer.from(JSON.stringify({ regions: Array.from({ length: 999 }, (_, n) => [n]) }));

it('gives back what it was given, also nothing and noise', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('x'), text, randomBytes(100_000)]) {
    const frame = await zstd.compress(bytes);
    expect((await zstd.expand(frame, bytes.length)).equals(bytes)).toBe(true);
  }
});

it('makes documents smaller', async () => {
  expect((await zstd.compress(text)).length).toBeLessThan(text.length / 2);
});

it('refuses a frame that declares more than the bound', async () => {
  const bomb = await zstd.compress(Buffer.alloc(50_000_000));
  expect(bomb.length).toBeLessThan(10_000);
  await expect(zstd.expand(bomb, 1_000_000)).rejects.toMatchObject({ code: 'TooLarge' });
});

it('refuses two frames, and bytes after a frame', async () => {
  const frame = await zstd.compress(text);
  const twice = Buffer.concat([frame, frame]);
  await expect(zstd.expand(twice, 1_000_000)).rejects.toMatchObject({ code: 'NotOneFrame' });
  const tail = Buffer.concat([frame, Buffer.from('x')]);
  await expect(zstd.expand(tail, 1_000_000)).rejects.toMatchObject({ code: 'NotOneFrame' });
});

it('reports damage and truncation at every byte, and never gives wrong bytes', async () => {
  const frame = await zstd.compress(text.subarray(0, 300));
  for (let at = 0; at < frame.length; at += 1) {
    await expect(zstd.expand(frame.subarray(0, at), 1_000)).rejects.toBeInstanceOf(Error);
    const damaged = Buffer.from(frame);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    const bytes = await zstd.expand(damaged, 1_000).catch(() => null);
    expect(bytes === null || bytes.equals(text.subarray(0, 300)), `byte ${at}`).toBe(true);
  }
});
