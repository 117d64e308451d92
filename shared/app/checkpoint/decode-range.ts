import { WINDOW_BYTES } from '../../contracts/limits.ts';
import type { BaseBytes, SegmentWindow } from '../../ports/codec.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { corruption } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import type { StoredSegment } from './stored-segment.ts';

/** Gives the concatenation of ranges of a base's original, in order. */
export type ReadBase = (ranges: readonly ByteRange[]) => Promise<Buffer>;

export interface DecodedWindow {
  readonly offset: number;
  readonly bytes: Buffer;
}

const readBaseOf = async (
  window: SegmentWindow,
  readBase: ReadBase | null,
): Promise<BaseBytes | null> => {
  if (window.baseRanges.length === 0) {
    return null;
  }
  if (readBase === null) {
    throw corruption('segment', 'a segment without a base refers to one');
  }
  return { ranges: window.baseRanges, bytes: await readBase(window.baseRanges) };
};

/** Decoded windows that cover [start, end) of the original; whole blocks, so often a bit more. */
export const decodeWindows = async function* (
  context: Pick<CheckpointContext, 'codec' | 'settings'>,
  segment: StoredSegment,
  readBase: ReadBase | null,
  range: ByteRange,
): AsyncGenerator<DecodedWindow> {
  const end = range.offset + range.length;
  let offset = range.offset;
  while (offset < end) {
    const window = segment.index.window(offset, end, WINDOW_BYTES);
    const windowEnd = window.raw.offset + window.raw.length;
    if (window.raw.offset > offset || windowEnd <= offset) {
      throw corruption('segment', `the index has no block for byte ${offset}`);
    }
    const [stored, base] = await Promise.all([
      segment.readPayload(window.stored),
      readBaseOf(window, readBase),
    ]);
    const bytes = await context.codec.decodeWindow({
      index: segment.index,
      window,
      stored,
      base,
      threads: context.settings.threads,
    });
    if (bytes.length !== window.raw.length) {
      throw corruption('segment', `decoded ${bytes.length} of ${window.raw.length} bytes`);
    }
    yield { offset: window.raw.offset, bytes };
    offset = windowEnd;
  }
};
