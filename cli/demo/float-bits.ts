/** Conversion between numbers and the bits of small floats; ties go to the even neighbour. */

interface SmallFloat {
  readonly mantissaBits: number;
  /** Exponent of the smallest normal number. */
  readonly exponentMin: number;
}

const FLOAT16: SmallFloat = { mantissaBits: 10, exponentMin: -14 };
const BFLOAT16: SmallFloat = { mantissaBits: 7, exponentMin: -126 };
const SIGN_16 = 0x8000;

export const decodeFloat16 = (bits: number): number => decode(FLOAT16, bits);
export const encodeFloat16 = (value: number): number => encode(FLOAT16, value);
export const decodeBfloat16 = (bits: number): number => decode(BFLOAT16, bits);
export const encodeBfloat16 = (value: number): number => encode(BFLOAT16, value);

function decode({ mantissaBits, exponentMin }: SmallFloat, bits: number): number {
  const sign = (bits & SIGN_16) === 0 ? 1 : -1;
  const mantissa = bits & (2 ** mantissaBits - 1);
  const exponent = (bits & 0x7fff) >>> mantissaBits;
  if (exponent === exponentAllOnes(mantissaBits)) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (exponentMin - mantissaBits);
  const whole = mantissa + 2 ** mantissaBits;
  return sign * whole * 2 ** (exponent - 1 + exponentMin - mantissaBits);
}

function encode({ mantissaBits, exponentMin }: SmallFloat, value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? SIGN_16 : 0;
  const magnitude = Math.abs(value);
  const infinity = exponentAllOnes(mantissaBits) * 2 ** mantissaBits;
  if (Number.isNaN(value)) return sign | infinity | 1;
  if (magnitude === Infinity) return sign | infinity;
  const exponent = Math.max(exponentOf(magnitude), exponentMin);
  const units = roundHalfEven(magnitude / 2 ** (exponent - mantissaBits));
  const bits = (exponent - exponentMin + 1) * 2 ** mantissaBits + units - 2 ** mantissaBits;
  return sign | Math.min(bits, infinity);
}

const exponentAllOnes = (mantissaBits: number): number => 2 ** (15 - mantissaBits) - 1;

function exponentOf(magnitude: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, magnitude);
  return (bits.getUint32(0) >>> 20) - 1023;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
