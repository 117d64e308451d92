import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float-bits.ts';
import type { Random } from './random.ts';

/**
 * The law of step 2 of the demo: each weight, independently with probability 0.01, is multiplied
 * by (1 + 0.01 n), n standard normal, and rounded to its element type. In a file without named
 * tensors each byte, with the same probability, becomes another one.
 */
export const CHANGE_SEED = 20_250_117;
export const CHANGE_PROBABILITY = 0.01;
export const CHANGE_SCALE = 0.01;

/** `byte` stands for the bytes of a file without named tensors. */
export type Changeable = 'F32' | 'F16' | 'BF16' | 'byte';

export interface ChangeCount {
  readonly values: number;
  /** Values whose bytes differ; rounding gives a few of those drawn their old bytes again. */
  readonly changed: number;
}

const THRESHOLD = Math.floor(CHANGE_PROBABILITY * 2 ** 32);
const WIDTH: Readonly<Record<Changeable, number>> = { F32: 4, F16: 2, BF16: 2, byte: 1 };

export const isChangeable = (dtype: string): dtype is Changeable =>
  dtype !== 'byte' && Object.hasOwn(WIDTH, dtype);

/** Changes `bytes` (whole values) in place. */
export function changeWeights(bytes: Buffer, type: Changeable, random: Random): ChangeCount {
  const width = WIDTH[type];
  const values = Math.floor(bytes.length / width);
  let changed = 0;
  for (let index = 0; index < values; index += 1) {
    if (random.next() >= THRESHOLD) continue;
    if (CHANGE_ONE[type](bytes, index * width, random)) changed += 1;
  }
  return { values, changed };
}

type ChangeOne = (bytes: Buffer, at: number, random: Random) => boolean;

const CHANGE_ONE: Readonly<Record<Changeable, ChangeOne>> = {
  F32: (bytes, at, random) => {
    const before = bytes.readUInt32LE(at);
    const value = bytes.readFloatLE(at);
    const after = value * (1 + CHANGE_SCALE * random.normal());
    if (!Number.isFinite(value)) return false;
    bytes.writeFloatLE(after, at);
    return bytes.readUInt32LE(at) !== before;
  },
  F16: (bytes, at, random) => changeSmall(bytes, at, random, decodeFloat16, encodeFloat16),
  BF16: (bytes, at, random) => changeSmall(bytes, at, random, decodeBfloat16, encodeBfloat16),
  byte: (bytes, at, random) => {
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 + (random.next() % 255)), at);
    return true;
  },
};

function changeSmall(
  bytes: Buffer,
  at: number,
  random: Random,
  decode: (bits: number) => number,
  encode: (value: number) => number,
): boolean {
  const before = bytes.readUInt16LE(at);
  const value = decode(before);
  const after = value * (1 + CHANGE_SCALE * random.normal());
  if (!Number.isFinite(value)) return false;
  bytes.writeUInt16LE(encode(after), at);
  return bytes.readUInt16LE(at) !== before;
}
