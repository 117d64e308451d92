import type { Layout } from '../../contracts/checkpoint-documents.ts';
import type { Span } from './segments.ts';

/** Regions travel as four numbers each: offset, length, kind, base offset or -1. */
const FIELDS = 4;
const NO_BASE = -1;

export interface RegionFields {
  readonly offset: number;
  readonly length: number;
  readonly kind: number;
  readonly baseOffset: number;
}

const regionAt = (regions: Float64Array, index: number): RegionFields => ({
  offset: regions[index * FIELDS] ?? 0,
  length: regions[index * FIELDS + 1] ?? 0,
  kind: regions[index * FIELDS + 2] ?? 0,
  baseOffset: regions[index * FIELDS + 3] ?? NO_BASE,
});

export const regionsOf = function* (regions: Float64Array): Generator<RegionFields> {
  for (let index = 0; index < regions.length / FIELDS; index += 1) {
    yield regionAt(regions, index);
  }
};

/** First region that ends after `offset`: regions are in order and have no gaps. */
const firstEndingAfter = (regions: Float64Array, offset: number): number => {
  let low = 0;
  let high = regions.length / FIELDS;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const region = regionAt(regions, middle);
    if (region.offset + region.length > offset) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
};

/** The regions that overlap the span, whole. */
export const layoutOf = (regions: Float64Array, span: Span): Layout => {
  const found: Layout['regions'] = [];
  for (
    let index = firstEndingAfter(regions, span.offset);
    index < regions.length / FIELDS;
    index += 1
  ) {
    const region = regionAt(regions, index);
    if (region.offset >= span.offset + span.length) {
      break;
    }
    found.push([region.offset, region.length, region.kind, region.baseOffset]);
  }
  return { regions: found };
};

export const regionsOfLayout = (layout: Layout): Float64Array =>
  Float64Array.from(layout.regions.flat());

export const withoutBase = (regions: Float64Array): Float64Array =>
  regions.map((value, index) => (index % FIELDS === FIELDS - 1 ? NO_BASE : value));

/** Raw bytes that have a counterpart in the base. */
export const bytesMapped = (regions: Float64Array): number => {
  let bytes = 0;
  for (const region of regionsOf(regions)) {
    bytes += region.baseOffset >= 0 ? region.length : 0;
  }
  return bytes;
};
