import { describe, expect, it } from 'vitest';
import { checksumsOf, combineChecksumsOf } from './crc.ts';

describe('checksums of the plain codec', () => {
  it('gives the published check values', () => {
    expect(checksumsOf(Buffer.from('123456789'))).toEqual({
      crc32: 'cbf43926',
      crc32c: 'e3069283',
      crc64nvme: 'ae8b14860a799888',
    });
  });

  it('combines parts to the checksums of the whole', () => {
    const whole = Buffer.from(Array.from({ length: 4_097 }, (_, index) => (index * 7) % 251));
    const parts = [whole.subarray(0, 1), whole.subarray(1, 1_000), whole.subarray(1_000)];
    const sized = parts.map((bytes) => ({ bytes: bytes.length, ...checksumsOf(bytes) }));
    expect(combineChecksumsOf(sized)).toEqual(checksumsOf(whole));
  });

  it('combines no parts to the checksums of nothing', () => {
    expect(combineChecksumsOf([])).toEqual(checksumsOf(Buffer.alloc(0)));
  });
});
