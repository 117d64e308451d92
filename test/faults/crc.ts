import { crc32 } from 'node:zlib';
import type { RawChecksums, SizedChecksums } from '../../shared/ports/codec.ts';

/** Reflected CRCs with all-ones start and end, bit by bit: slow and easy to check. */
interface Law {
  readonly width: bigint;
  readonly polynomial: bigint;
}

const CRC32: Law = { width: 32n, polynomial: 0xedb88320n };
const CRC32C: Law = { width: 32n, polynomial: 0x82f63b78n };
const CRC64NVME: Law = { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n };

const hex = (value: bigint, law: Law): string =>
  value.toString(16).padStart(Number(law.width / 4n), '0');

const tableOf = (law: Law): readonly (readonly [number, number])[] =>
  Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1n) === 1n ? (value >> 1n) ^ law.polynomial : value >> 1n;
    }
    return [Number(value >> 32n), Number(value & 0xffffffffn)] as const;
  });

const TABLES = new Map([CRC32C, CRC64NVME].map((law) => [law, tableOf(law)]));

const digest = (bytes: Buffer, law: Law): string => {
  const table = TABLES.get(law) ?? [];
  let high = law.width === 64n ? 0xffffffff : 0;
  let low = 0xffffffff;
  for (const byte of bytes) {
    const [tableHigh, tableLow] = table[(low ^ byte) & 0xff] ?? [0, 0];
    low = ((low >>> 8) | ((high & 0xff) << 24)) ^ tableLow;
    high = (high >>> 8) ^ tableHigh;
  }
  const mask = law.width === 64n ? 0xffffffffffffffffn : 0xffffffffn;
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return hex(value ^ mask, law);
};

/** Product modulo the polynomial; the highest bit stands for 1. */
const multiply = (one: bigint, other: bigint, law: Law): bigint => {
  let product = 0n;
  let factor = other;
  for (let bit = law.width - 1n; bit >= 0n; bit -= 1n) {
    if (((one >> bit) & 1n) === 1n) {
      product ^= factor;
    }
    factor = (factor & 1n) === 1n ? (factor >> 1n) ^ law.polynomial : factor >> 1n;
  }
  return product;
};

/** Appends `bytes` zero bytes: multiplies by x to the power of eight times their number. */
const shift = (value: bigint, bytes: number, law: Law): bigint => {
  let result = value;
  let power = 1n << (law.width - 1n - 8n);
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) {
      result = multiply(power, result, law);
    }
    power = multiply(power, power, law);
  }
  return result;
};

const combine = (
  parts: readonly { readonly bytes: number; readonly value: string }[],
  law: Law,
): string =>
  hex(
    parts.reduce((sum, part) => shift(sum, part.bytes, law) ^ BigInt(`0x${part.value}`), 0n),
    law,
  );

export const checksumsOf = (bytes: Buffer): RawChecksums => ({
  crc32: crc32(bytes).toString(16).padStart(8, '0'),
  crc32c: digest(bytes, CRC32C),
  crc64nvme: digest(bytes, CRC64NVME),
});

export const combineChecksumsOf = (parts: readonly SizedChecksums[]): RawChecksums => ({
  crc32: combine(
    parts.map(({ bytes, crc32: value }) => ({ bytes, value })),
    CRC32,
  ),
  crc32c: combine(
    parts.map(({ bytes, crc32c: value }) => ({ bytes, value })),
    CRC32C,
  ),
  crc64nvme: combine(
    parts.map(({ bytes, crc64nvme: value }) => ({ bytes, value })),
    CRC64NVME,
  ),
});
