/**
 * Random numbers that are the same on every machine: 32-bit integer steps, and beyond that only
 * operations that IEEE 754 rounds exactly (Math.log differs between builds, so it is not used).
 */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  next(): number;
  /** Standard normal, by Marsaglia's polar method. */
  normal(): number;
}

const WARM_UP_STEPS = 16;

/** sfc32 (small fast counting generator, PractRand). */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let step = 0; step < WARM_UP_STEPS; step += 1) next();
  return { next, normal: () => polarNormal(next) };
}

function polarNormal(next: () => number): number {
  for (;;) {
    const u = (next() + 0.5) / 2 ** 31 - 1;
    const v = (next() + 0.5) / 2 ** 31 - 1;
    const s = u * u + v * v;
    if (s < 1 && s > 0) return u * Math.sqrt((-2 * naturalLog(s)) / s);
  }
}

const LN_2 = 0.6931471805599453;
const SERIES_TERMS = 13;

/** ln x for a normal x > 0: exponent times ln 2, plus 2 artanh((m - 1) / (m + 1)) of the rest. */
export function naturalLog(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = ((high >>> 20) & 0x7ff) - 1023;
  bits.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  let mantissa = bits.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  const t = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let term = SERIES_TERMS; term >= 0; term -= 1) sum = sum * t * t + 1 / (2 * term + 1);
  return exponent * LN_2 + 2 * t * sum;
}
