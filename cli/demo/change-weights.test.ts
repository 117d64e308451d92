import { describe, expect, it } from 'vitest';
import { CHANGE_SEED, changeWeights } from './change-weights.ts';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float-bits.ts';
import { createRandom, naturalLog } from './random.ts';

const VALUES = 400_000;

function floats(values: number): Buffer {
  const bytes = Buffer.alloc(values * 4);
  for (let index = 0; index < values; index += 1)
    bytes.writeFloatLE(((index % 997) + 1) / 512, index * 4);
  return bytes;
}

describe('the 1% change', () => {
  it('changes one weight in a hundred, within the spread of a binomial count', () => {
    const bytes = floats(VALUES);
    const { values, changed } = changeWeights(bytes, 'F32', createRandom(CHANGE_SEED));
    const spread = Math.sqrt(VALUES * 0.01 * 0.99);
    expect(values).toBe(VALUES);
    expect(Math.abs(changed - VALUES * 0.01)).toBeLessThan(4 * spread);
  });

  it('multiplies by 1 + 0.01 n with n standard normal', () => {
    const before = floats(VALUES);
    const after = Buffer.from(before);
    changeWeights(after, 'F32', createRandom(CHANGE_SEED));
    const n: number[] = [];
    for (let at = 0; at < before.length; at += 4) {
      if (after.readUInt32LE(at) === before.readUInt32LE(at)) continue;
      n.push((after.readFloatLE(at) / before.readFloatLE(at) - 1) / 0.01);
    }
    const mean = n.reduce((sum, value) => sum + value, 0) / n.length;
    const variance = n.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n.length;
    const beyondTwo = n.filter((value) => Math.abs(value) > 2).length / n.length;
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(Math.abs(variance - 1)).toBeLessThan(0.1);
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.015);
  });

  it('gives the same bytes for the same seed, and others for another seed', () => {
    const [one, two, three] = [floats(5_000), floats(5_000), floats(5_000)];
    changeWeights(one, 'F32', createRandom(CHANGE_SEED));
    changeWeights(two, 'F32', createRandom(CHANGE_SEED));
    changeWeights(three, 'F32', createRandom(CHANGE_SEED + 1));
    expect(one.equals(two)).toBe(true);
    expect(one.equals(three)).toBe(false);
  });

  it('draws the pinned sequence, so that every machine and version agree', () => {
    const random = createRandom(CHANGE_SEED);
    const drawn = [random.next(), random.next(), random.next()];
    expect(drawn).toEqual([3_687_153_105, 4_009_925_497, 217_486_727]);
    expect([random.normal(), random.normal()]).toEqual([-0.19990407540754002, 1.0057029050104769]);
  });

  it('keeps every value a value of its 16-bit type and leaves NaN and infinity alone', () => {
    for (const [type, decode, encode, special] of [
      ['F16', decodeFloat16, encodeFloat16, [0x7c00, 0xfc00, 0x7e01]],
      ['BF16', decodeBfloat16, encodeBfloat16, [0x7f80, 0xff80, 0x7fc1]],
    ] as const) {
      const bytes = Buffer.alloc(200_000 * 2);
      for (let at = 0; at < bytes.length; at += 2) bytes.writeUInt16LE(encode(0.5 + at / 1e6), at);
      const before = Buffer.from(bytes);
      const { changed } = changeWeights(bytes, type, createRandom(CHANGE_SEED));
      expect(changed).toBeGreaterThan(1_000);
      let worst = 0;
      for (let at = 0; at < bytes.length; at += 2) {
        const ratio = decode(bytes.readUInt16LE(at)) / decode(before.readUInt16LE(at));
        worst = Math.max(worst, Math.abs(ratio - 1));
      }
      expect(worst).toBeLessThan(0.06);
      const fixed = Buffer.alloc(30_000);
      for (let at = 0; at < fixed.length; at += 2)
        fixed.writeUInt16LE(special[(at / 2) % 3] ?? 0, at);
      const untouched = Buffer.from(fixed);
      expect(changeWeights(fixed, type, createRandom(CHANGE_SEED)).changed).toBe(0);
      expect(fixed.equals(untouched)).toBe(true);
    }
  });

  it('gives each drawn byte of an opaque file another value', () => {
    const bytes = Buffer.alloc(100_000, 7);
    const { changed } = changeWeights(bytes, 'byte', createRandom(CHANGE_SEED));
    expect(bytes.filter((byte) => byte !== 7).length).toBe(changed);
    expect(Math.abs(changed - 1_000)).toBeLessThan(130);
  });
});

describe('small floats', () => {
  it('come back from every bit pattern', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const half = decodeFloat16(bits);
      const brain = decodeBfloat16(bits);
      if (!Number.isNaN(half) && encodeFloat16(half) !== bits) wrong.push(bits);
      if (!Number.isNaN(brain) && encodeBfloat16(brain) !== bits) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('round to nearest, ties to even, and overflow to infinity', () => {
    expect(encodeFloat16(1 + 2 ** -11)).toBe(0x3c00);
    expect(encodeFloat16(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(encodeFloat16(65_520)).toBe(0x7c00);
    expect(encodeFloat16(2 ** -25)).toBe(0);
    expect(encodeBfloat16(1 + 2 ** -8)).toBe(0x3f80);
    expect(encodeBfloat16(-(1 + 3 * 2 ** -8))).toBe(0xbf82);
  });
});

it('the logarithm agrees with the platform to the last digits', () => {
  for (const x of [1e-18, 1e-3, 0.25, 0.5, 0.7071, 0.999, 1, 1.5, 12_345.678]) {
    expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThan(
      1e-14 * Math.max(1, Math.abs(Math.log(x))),
    );
  }
});
