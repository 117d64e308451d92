import { describe, expect, it } from 'vitest';
import { formatBytes, formatRate, formatRatio, formatSeconds } from './quantity.ts';
import { compressedLine } from './result-lines.ts';

const GIB = 1024 ** 3;

describe('quantities', () => {
  it('print the line of the design', () => {
    expect(compressedLine({ bytesIn: 329 * GIB, bytesOut: 8.4 * GIB, seconds: 142 })).toBe(
      'mithril-checkpoint: Compressed 329 GiB → 8.4 GiB (39.2x) in 142s (2.32 GiB/s)',
    );
  });

  it('keep the style for small sizes', () => {
    expect(compressedLine({ bytesIn: 90_868_376, bytesOut: 75_000_000, seconds: 0.42 })).toBe(
      'mithril-checkpoint: Compressed 86.7 MiB → 71.5 MiB (1.21x) in 0.4s (206 MiB/s)',
    );
    expect(compressedLine({ bytesIn: 0, bytesOut: 300, seconds: 0.01 })).toBe(
      'mithril-checkpoint: Compressed 0 B → 300 B (0.00x) in 0.01s (0 B/s)',
    );
  });

  it('never show 1024 of a unit', () => {
    expect([1023, 1024, 1024 * 1024 - 1, 1.5 * 1024].map(formatBytes)).toEqual([
      '1023 B',
      '1.0 KiB',
      '1.0 MiB',
      '1.5 KiB',
    ]);
    expect(formatBytes(99.96 * 1024)).toBe('100 KiB');
  });

  it('have as many digits as tell them apart', () => {
    expect([1.214, 9.996, 39.2, 130.4].map((ratio) => formatRatio(ratio, 1))).toEqual([
      '1.21x',
      '10.0x',
      '39.2x',
      '130x',
    ]);
    expect([0.004, 0.4, 14.23, 142].map(formatSeconds)).toEqual(['0.00s', '0.4s', '14.2s', '142s']);
    expect(formatRate(10 * GIB, 1)).toBe('10.0 GiB/s');
  });
});
