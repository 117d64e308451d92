import { BATCH_COUNT_MAX } from '../../contracts/limits.ts';

export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Consecutive segments that one Map child works on. */
export interface SegmentBatch {
  readonly batch: number;
  readonly segmentFirst: number;
  readonly segmentCount: number;
}

export const segmentCountOf = (bytes: number, segmentBytes: number): number =>
  Math.ceil(bytes / segmentBytes);

/** Raw bytes of a segment; the last one may be shorter. */
export const segmentSpan = (segment: number, bytes: number, segmentBytes: number): Span => {
  const offset = segment * segmentBytes;
  return { offset, length: Math.min(segmentBytes, bytes - offset) };
};

export const batchSpan = (batch: SegmentBatch, bytes: number, segmentBytes: number): Span => {
  const offset = batch.segmentFirst * segmentBytes;
  return { offset, length: Math.min(batch.segmentCount * segmentBytes, bytes - offset) };
};

/** Batches grow where the map would have too many children. An empty object has one, empty. */
export const splitIntoBatches = (
  segmentCount: number,
  batchSegmentsWanted: number,
): readonly SegmentBatch[] => {
  const batchSegments = Math.max(batchSegmentsWanted, Math.ceil(segmentCount / BATCH_COUNT_MAX));
  const batchCount = Math.max(1, Math.ceil(segmentCount / batchSegments));
  return Array.from({ length: batchCount }, (_, batch) => ({
    batch,
    segmentFirst: batch * batchSegments,
    segmentCount: Math.min(batchSegments, segmentCount - batch * batchSegments),
  }));
};

/** A run of spans (ordered by offset) that is read by one request. */
export interface SpanGroup extends Span {
  readonly members: readonly Span[];
}

/** Joins spans whose gaps are small, up to `lengthMax`; longer spans are cut. */
export const groupSpans = (
  spans: readonly Span[],
  gapMax: number,
  lengthMax: number,
): readonly SpanGroup[] => {
  const groups: { offset: number; length: number; members: Span[] }[] = [];
  for (const span of spans) {
    for (let offset = span.offset; offset < span.offset + span.length; offset += lengthMax) {
      const piece = { offset, length: Math.min(lengthMax, span.offset + span.length - offset) };
      const last = groups.at(-1);
      const joined = last === undefined ? Number.NaN : piece.offset + piece.length - last.offset;
      const gap = last === undefined ? Number.NaN : piece.offset - (last.offset + last.length);
      if (last !== undefined && gap >= 0 && gap <= gapMax && joined <= lengthMax) {
        last.length = joined;
        last.members.push(piece);
      } else {
        groups.push({ ...piece, members: [piece] });
      }
    }
  }
  return groups;
};
