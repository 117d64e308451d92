import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type * as binding from './index.js';

const MODULE = `./mithril-native.${process.platform}-${process.arch}.node`;
const file = fileURLToPath(new URL(MODULE, import.meta.url));
const isBuilt = existsSync(file);
const why = isBuilt ? '' : ' (skipped: not built, run: node scripts/setup.mjs codec)';
const load = createRequire(import.meta.url);
const native = (): typeof binding => load(MODULE);

const OPTIONS = { bases: [], threads: 1, level: 'default' } as const;

/** Bytes that do not compress, quickly made. */
function noise(length: number): Buffer {
  const words = new Uint32Array(length / 4);
  let state = 88_172_645;
  for (let n = 0; n < words.length; n += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[n] = state;
  }
  return Buffer.from(words.buffer);
}

describe.skipIf(!isBuilt)(`the Node binding${why}`, () => {
  const work = mkdtempSync(join(tmpdir(), 'mithril-binding-'));
  afterAll(() => rmSync(work, { recursive: true }));

  it('turns a panic into an error with code Internal, and the process goes on', async () => {
    await expect(native().panicOnPool()).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining('on purpose'),
    });
    expect(() => native().panicAtOnce()).toThrow(expect.objectContaining({ code: 'Internal' }));
    expect(native().codecVersion()).toBe(1);
  });

  it('lets the event loop go on while it works', async () => {
    const raw = noise(4 << 20);
    const regions = new Float64Array([0, raw.length, 0, -1]);
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    const request = { raw, rawOffset: 0, regions, base: null, level: 'max', threads: 1 } as const;
    const encoded = await native().encodeSegment(request);
    clearInterval(timer);
    expect(encoded.stats.rawBytes + encoded.stats.standaloneBytes).toBe(raw.length);
    // A blocked loop would tick once, after the work.
    expect(ticks).toBeGreaterThan(2);
  });

  it.each([
    ['Corruption', () => native().readManifest(Buffer.from('{}'))],
    ['InvalidArgument', () => native().readIndex(Buffer.alloc(64), -1)],
    ['InvalidArgument', () => native().readIndex(Buffer.alloc(64), 2 ** 53)],
    ['InvalidArgument', () => native().readIndex(Buffer.alloc(64), Number.NaN)],
    ['InvalidArgument', () => native().baseRanges(new Float64Array(3), 0, 1)],
    ['InvalidArgument', () => native().baseRanges(new Float64Array([0, 1, 99, -1]), 0, 1)],
    ['Corruption', () => native().readIndex(Buffer.alloc(64), 64)],
  ])('throws %s with that code', (code, call) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });

  it('rejects with the kind of the failure as code', async () => {
    const missing = join(work, 'missing');
    const job = () => new (native().PackedJob)();
    await expect(job().verify(missing, OPTIONS)).rejects.toMatchObject({ code: 'Io' });
    await expect(native().packedInfo(file)).rejects.toMatchObject({ code: 'Corruption' });
    const asking = new (native().ContainerProbe)(100);
    const more = native().planLayout(asking, null);
    await expect(more).rejects.toMatchObject({ code: 'InsufficientData' });
    expect(await asking.step(Buffer.alloc(0))).toEqual({
      kind: 'read',
      ranges: [{ offset: 0, length: 100 }],
    });
    const short = asking.step(Buffer.alloc(99));
    await expect(short).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('stops a job that is cancelled', async () => {
    const input = join(work, 'large');
    writeFileSync(input, noise(64 << 20));
    const job = new (native().PackedJob)();
    const running = job.compress(input, join(work, 'large.mith'), OPTIONS);
    job.cancel();
    await expect(running).rejects.toMatchObject({ code: 'Cancelled' });
    expect(job.bytesDone).toBeLessThan(64 << 20);
  });

  it('reads one tensor, and lists them all', async () => {
    const values = Buffer.from(Float32Array.from({ length: 5000 }, Math.sin).buffer);
    const json = `{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"w":{"dtype":"F32","shape":[5000],"data_offsets":[3,20003]}}`;
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    const [input, output] = [join(work, 'step'), join(work, 'step.mith')];
    writeFileSync(input, Buffer.concat([length, Buffer.from(json), Buffer.from('abc'), values]));
    await new (native().PackedJob)().compress(input, output, { ...OPTIONS, segmentBytes: 4097 });
    const tensors = await native().packedTensors(output, OPTIONS);
    expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['a', 'U8', [3]],
      ['w', 'F32', [5000]],
    ]);
    expect(await native().packedTensor(output, 'w', OPTIONS)).toEqual(values);
    await expect(native().packedTensor(output, 'x', OPTIONS)).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });
});
