import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_COUNT_MAX, PART_BYTES_MIN, PART_COUNT_MAX } from '../../contracts/limits.ts';
import { sampleSpans } from './base-choice.ts';
import { bytesMapped, layoutOf, regionsOfLayout, withoutBase } from './regions.ts';
import { partSpan, planParts } from './restore-parts.ts';
import {
  groupSpans,
  type Span,
  segmentCountOf,
  segmentSpan,
  splitIntoBatches,
} from './segments.ts';

const MIB = 1024 * 1024;
const TIB = 1024 ** 4;

const bytesOf = (spans: readonly Span[]): number[] =>
  spans.flatMap(({ offset, length }) => Array.from({ length }, (_, index) => offset + index));

describe('segments and batches', () => {
  it('cover every byte once, in order', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 99 }), (bytes, segmentBytes) => {
        const count = segmentCountOf(bytes, segmentBytes);
        const spans = Array.from({ length: count }, (_, index) =>
          segmentSpan(index, bytes, segmentBytes),
        );
        expect(bytesOf(spans)).toEqual(Array.from({ length: bytes }, (_, index) => index));
      }),
    );
  });

  it('hold every segment once, never in more batches than a map takes', () => {
    for (const [segments, wanted] of [
      [0, 16],
      [1, 16],
      [16, 16],
      [17, 16],
      [16_384, 16],
      [1_000_000, 16],
    ] as const) {
      const batches = splitIntoBatches(segments, wanted);
      expect(batches.length).toBeLessThanOrEqual(BATCH_COUNT_MAX);
      let next = 0;
      for (const batch of batches) {
        expect(batch.segmentFirst).toBe(next);
        next += batch.segmentCount;
      }
      expect(next).toBe(segments);
    }
    expect(splitIntoBatches(0, 16)).toEqual([{ batch: 0, segmentFirst: 0, segmentCount: 0 }]);
  });
});

describe('span groups', () => {
  const ordered = fc
    .array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 60 })), { maxLength: 12 })
    .map((steps) => {
      let offset = 0;
      return steps.map(([gap, length]) => {
        const span = { offset: offset + gap, length };
        offset = span.offset + span.length;
        return span;
      });
    });

  it('keep the bytes and their order, and their limits', () => {
    fc.assert(
      fc.property(ordered, fc.nat(20), fc.integer({ min: 1, max: 50 }), (spans, gap, max) => {
        const groups = groupSpans(spans, gap, max);
        expect(bytesOf(groups.flatMap((group) => group.members))).toEqual(bytesOf(spans));
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(max);
          const last = group.members.at(-1);
          expect(group.members[0]?.offset).toBe(group.offset);
          expect((last?.offset ?? 0) + (last?.length ?? 0)).toBe(group.offset + group.length);
        }
      }),
    );
  });
});

describe('regions', () => {
  const regions = Float64Array.of(0, 10, 1, -1, 10, 30, 3, 100, 40, 5, 0, 7);

  it('of a span are those that overlap it, whole', () => {
    expect(layoutOf(regions, { offset: 5, length: 5 }).regions).toEqual([[0, 10, 1, -1]]);
    expect(layoutOf(regions, { offset: 9, length: 2 }).regions).toHaveLength(2);
    expect(layoutOf(regions, { offset: 40, length: 100 }).regions).toEqual([[40, 5, 0, 7]]);
    expect(layoutOf(regions, { offset: 45, length: 1 }).regions).toEqual([]);
    expect(regionsOfLayout(layoutOf(regions, { offset: 0, length: 45 }))).toEqual(regions);
  });

  it('lose their base without losing anything else', () => {
    expect(bytesMapped(regions)).toBe(35);
    expect(bytesMapped(withoutBase(regions))).toBe(0);
    expect([...withoutBase(regions)].filter((_, index) => index % 4 !== 3)).toEqual(
      [...regions].filter((_, index) => index % 4 !== 3),
    );
  });
});

describe('samples', () => {
  it('lie within the object, in order, at most eight of one MiB', () => {
    for (const bytes of [0, 1, 5_000, MIB, 9 * MIB + 1, 5 * TIB]) {
      const spans = sampleSpans(bytes);
      expect(spans.length).toBeLessThanOrEqual(8);
      for (const span of spans) {
        expect(span.length).toBeGreaterThan(0);
        expect(span.length).toBeLessThanOrEqual(MIB);
        expect(span.offset + span.length).toBeLessThanOrEqual(bytes);
      }
    }
  });
});

describe('parts of a restore', () => {
  it.each([0, 1, 64 * MIB, 64 * MIB + 1, TIB, 5 * TIB])('keep the limits of S3: %i', (bytes) => {
    for (const segmentBytes of [MIB, 64 * MIB, 256 * MIB]) {
      const { partBytes, partCount } = planParts(bytes, segmentBytes);
      expect(partCount).toBeGreaterThanOrEqual(1);
      expect(partCount).toBeLessThanOrEqual(PART_COUNT_MAX);
      expect(partBytes).toBeGreaterThanOrEqual(PART_BYTES_MIN);
      expect(partBytes % segmentBytes).toBe(0);
      const last = partSpan(partCount, partBytes, bytes);
      expect(last.offset + last.length).toBe(bytes);
    }
  });
});
