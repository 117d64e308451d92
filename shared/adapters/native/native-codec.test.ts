import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type * as binding from '../../../native/codec-napi/index.js';
import { probeObject } from '../../app/checkpoint/probe-object.ts';
import type { BaseBytes, Codec, ContainerProbe, Manifest } from '../../ports/codec.ts';
import { loadNative, loadNativeFrom } from './load-native.ts';
import { createNativeCodec } from './native-codec.ts';
import type { NativeModule } from './native-module.ts';

const name = `mithril-native.${process.platform}-${process.arch}.node`;
const built = fileURLToPath(new URL(`../../../native/codec-napi/${name}`, import.meta.url));
const isBuilt = existsSync(built);
const why = isBuilt ? '' : ' (skipped: not built, run: node scripts/setup.mjs codec)';

/** A safetensors object with one fp32 tensor of the given values. */
function safetensors(values: Float32Array): Buffer {
  const header = JSON.stringify({
    weight: { dtype: 'F32', shape: [values.length], data_offsets: [0, values.byteLength] },
  });
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, ' ');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, Buffer.from(padded), Buffer.from(values.buffer)]);
}

/** Weights, and the same with few of them changed. */
const before = Float32Array.from({ length: 300_000 }, (_, n) => Math.sin(n) * 0.02);
const after = before.map((value, n) => (n % 100 === 0 ? value * 1.001 : value));
const base = safetensors(before);
const target = safetensors(after);

async function probed(codec: Codec, object: Buffer) {
  const found = await probeObject({ codec }, object.length, async (ranges) =>
    Buffer.concat(ranges.map(({ offset, length }) => object.subarray(offset, offset + length))),
  );
  if (found === null) throw new Error('the bytes are there');
  return found;
}

const probeOf = async (codec: Codec, object: Buffer): Promise<ContainerProbe> =>
  (await probed(codec, object)).probe;

async function encode(codec: Codec, raw: Buffer, from: Buffer | null) {
  const fromProbe = from === null ? null : await probeOf(codec, from);
  const regions = await codec.planLayout(await probeOf(codec, raw), fromProbe);
  const ranges = codec.baseRanges(regions, 0, raw.length);
  const bytes = ranges.map(({ offset, length }) => from?.subarray(offset, offset + length));
  const held: BaseBytes = {
    ranges,
    bytes: Buffer.concat(bytes.map((part) => part ?? Buffer.alloc(0))),
  };
  const options = { raw, rawOffset: 0, regions, level: 'default', threads: 1 } as const;
  return codec.encodeSegment({ ...options, base: from === null ? null : held });
}

async function decode(codec: Codec, stored: Buffer, from: Buffer | null): Promise<Buffer> {
  let tail = stored.subarray(-64);
  let read = codec.readIndex(tail, stored.length);
  while (read.kind === 'need-more') {
    expect(read.bytes).toBeGreaterThan(tail.length);
    tail = stored.subarray(-read.bytes);
    read = codec.readIndex(tail, stored.length);
  }
  const { index } = read;
  const parts: Buffer[] = [];
  for (let at = 0; at < index.rawLength; ) {
    const window = index.window(at, index.rawLength, 200_000);
    const payload = stored.subarray(
      window.stored.offset,
      window.stored.offset + window.stored.length,
    );
    const slices = window.baseRanges.map(({ offset, length }) =>
      (from ?? Buffer.alloc(0)).subarray(offset, offset + length),
    );
    const held = from && { ranges: window.baseRanges, bytes: Buffer.concat(slices) };
    const request = { index, window, stored: payload, base: held, threads: 1 };
    parts.push(await codec.decodeWindow(request));
    at = window.raw.offset + window.raw.length;
  }
  return Buffer.concat(parts);
}

describe.skipIf(!isBuilt)(`native codec${why}`, () => {
  const codec = isBuilt ? createNativeCodec() : null;
  const use = (): Codec => {
    if (codec === null) throw new Error('not built');
    return codec;
  };

  it('exports what its index.d.ts and this adapter say', () => {
    const asDescribed = (described: typeof binding): NativeModule => described;
    expect(asDescribed).toBeTypeOf('function'); // the compiler is the check of the types
    const names: Record<keyof NativeModule, true> = {
      codecVersion: true,
      ContainerProbe: true,
      planLayout: true,
      listTensors: true,
      baseRanges: true,
      encodeSegment: true,
      readIndex: true,
      checksums: true,
      combineChecksums: true,
      writeManifest: true,
      readManifest: true,
      PackedJob: true,
      packedInfo: true,
      packedTensors: true,
      packedTensor: true,
    };
    expect(loadNative()).toMatchObject(
      Object.fromEntries(Object.keys(names).map((exported) => [exported, expect.any(Function)])),
    );
  });

  it('recognises safetensors, asks for more, and says why an object is opaque', async () => {
    const { probe, container } = await probed(use(), target);
    expect(container).toEqual({ kind: 'safetensors', headerBytes: 80, reason: '' });
    const first = await use().probeContainer(target.length).step(Buffer.alloc(0));
    expect(first).toEqual({ kind: 'read', ranges: [{ offset: 0, length: 262_144 }] });
    const opaque = await probed(use(), Buffer.from('this is not a container at all'));
    expect(opaque.container).toMatchObject({
      kind: 'opaque',
      reason: expect.stringMatching(/\w+/),
    });
    expect(await use().listTensors(probe)).toMatchObject([
      { name: 'weight', dtype: 'F32', shape: [300_000], length: 1_200_000 },
    ]);
  });

  it('gives back every byte of a standalone segment and of a delta', async () => {
    const alone = await encode(use(), target, null);
    const delta = await encode(use(), target, base);
    expect((await decode(use(), alone.stored, null)).equals(target)).toBe(true);
    expect((await decode(use(), delta.stored, base)).equals(target)).toBe(true);
    expect(delta.stored.length).toBeLessThan(alone.stored.length / 5);
    const sha256 = createHash('sha256').update(delta.stored).digest('hex');
    expect(delta.sha256).toBe(sha256);
    expect(delta.crc32).toBe(crc32(target).toString(16).padStart(8, '0'));
    expect(delta.codecSeconds).toBeGreaterThan(0);
  });

  it('combines checksums of parts into those of the whole', async () => {
    const bytes = randomBytes(100_000);
    const parts = [bytes.subarray(0, 33_333), bytes.subarray(33_333)];
    const sums = await Promise.all(parts.map((part) => use().checksums(part)));
    const sized = sums.map((sum, n) => ({ ...sum, bytes: parts[n]?.length ?? 0 }));
    expect(use().combineChecksums(sized)).toEqual(await use().checksums(bytes));
  });

  it('reads the manifest that it wrote, with and without a base', async () => {
    const segment = await encode(use(), target, null);
    const { crc32: sum, crc32c, crc64nvme, sha256 } = segment;
    const record = { sha256, storedBytes: segment.stored.length, crc32: sum, crc32c, crc64nvme };
    const manifest: Manifest = {
      name: 'model.safetensors',
      bytes: target.length,
      crc32: sum,
      crc32c,
      crc64nvme,
      sha256: null,
      container: { kind: 'safetensors', headerBytes: target.length - 1_200_000, reason: '' },
      segmentBytes: 64 * 1024 * 1024,
      depth: 0,
      base: null,
      segments: [record],
    };
    expect(use().readManifest(use().writeManifest(manifest))).toEqual(manifest);
    const from = { manifest: 'a'.repeat(64), bytes: 5, crc32: sum, crc64nvme, depth: 2 };
    const delta = { ...manifest, depth: 3, base: from };
    expect(use().readManifest(use().writeManifest(delta))).toEqual(delta);
    const plain = { ...delta, base: { ...from, manifest: null } };
    expect(use().readManifest(use().writeManifest(plain)).base?.manifest).toBeNull();
  });

  it('gives errors a code, and never wrong bytes for a damaged segment', async () => {
    const { stored } = await encode(use(), target, null);
    const damaged = Buffer.from(stored);
    damaged[1_000] = (damaged[1_000] ?? 0) ^ 1;
    await expect(decode(use(), damaged, null)).rejects.toMatchObject({ code: 'Corruption' });
    expect(() => use().readManifest(Buffer.from('{}'))).toThrow(
      expect.objectContaining({ code: expect.any(String) }),
    );
  });

  it('refuses an index that is not its own', async () => {
    const index = { rawOffset: 0, rawLength: 1, window: () => window };
    const none = { offset: 0, length: 0 };
    const window = { raw: { offset: 0, length: 1 }, stored: none, baseRanges: [] };
    const request = { index, window, stored: Buffer.alloc(0), base: null, threads: 1 };
    await expect(use().decodeWindow(request)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

it('names the command that builds a missing binding', () => {
  const elsewhere = { from: import.meta.url, platform: 'plan9', arch: 'mips' };
  expect(() => loadNativeFrom(elsewhere)).toThrow(/plan9-mips.*node scripts\/setup\.mjs codec/s);
});

it('says which file could not be loaded', () => {
  const load = () => loadNativeFrom({ from: import.meta.url, platform: 'x', arch: 'y' });
  expect(load).toThrow(expect.objectContaining({ code: 'NativeModuleMissing', retryable: false }));
});
