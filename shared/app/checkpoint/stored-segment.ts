import { createHash } from 'node:crypto';
import { WINDOW_BYTES } from '../../contracts/limits.ts';
import type { ManifestSegment, SegmentIndex } from '../../ports/codec.ts';
import type { ByteRange, ObjectReference } from '../../ports/object-store.ts';
import { corruption } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { readExactly } from './read-exactly.ts';

/** One segment object, opened for decoding: its index, and a way to its payload bytes. */
export interface StoredSegment {
  readonly index: SegmentIndex;
  readPayload(range: ByteRange): Promise<Buffer>;
}

type SegmentContext = Pick<CheckpointContext, 'objects' | 'codec'>;

/** First guess at the length of index and footer; the codec says if it wants more. */
const TAIL_BYTES = 128 * 1024;

const readStored = async (
  context: SegmentContext,
  reference: ObjectReference,
  range: ByteRange,
): Promise<Buffer> => {
  const result = await readExactly(context.objects, reference, range);
  if (result.kind !== 'read') {
    throw corruption(reference.key, 'the segment is missing');
  }
  return result.bytes;
};

const parseWhole = (context: SegmentContext, key: string, stored: Buffer): StoredSegment => {
  const read = context.codec.readIndex(stored, stored.length);
  if (read.kind === 'need-more') {
    throw corruption(key, 'the index is longer than its segment');
  }
  return {
    index: read.index,
    readPayload: (range) =>
      Promise.resolve(stored.subarray(range.offset, range.offset + range.length)),
  };
};

/** The stored bytes of a whole segment, equal to their digest, or a Corruption fault. */
export const readWholeSegment = async (
  context: Pick<SegmentContext, 'objects'>,
  reference: ObjectReference,
  segment: ManifestSegment,
): Promise<Buffer> => {
  const head = await context.objects.head(reference);
  if (head.kind !== 'found') {
    throw corruption(reference.key, 'the segment is missing');
  }
  if (head.head.object.bytes !== segment.storedBytes) {
    throw corruption(
      reference.key,
      `the segment has ${head.head.object.bytes} bytes, its manifest says ${segment.storedBytes}`,
    );
  }
  const result = await readExactly(context.objects, reference, {
    offset: 0,
    length: segment.storedBytes,
  });
  if (result.kind !== 'read') {
    throw corruption(reference.key, 'the segment is missing');
  }
  const digest = createHash('sha256').update(result.bytes).digest('hex');
  if (digest !== segment.sha256) {
    throw corruption(reference.key, `the segment's SHA-256 is ${digest}`);
  }
  return result.bytes;
};

const openByRanges = async (
  context: SegmentContext,
  reference: ObjectReference,
  storedBytes: number,
): Promise<StoredSegment> => {
  let tailBytes = Math.min(TAIL_BYTES, storedBytes);
  for (;;) {
    const range = { offset: storedBytes - tailBytes, length: tailBytes };
    const tail = await readStored(context, reference, range);
    const read = context.codec.readIndex(tail, storedBytes);
    if (read.kind === 'index') {
      return {
        index: read.index,
        readPayload: (payload) => readStored(context, reference, payload),
      };
    }
    if (read.bytes <= tailBytes || read.bytes > storedBytes) {
      throw corruption(reference.key, 'the index is longer than its segment');
    }
    tailBytes = read.bytes;
  }
};

/** Small segments are read once, whole, and checked by digest; of large ones only what is asked. */
export const openSegment = async (
  context: SegmentContext,
  reference: ObjectReference,
  segment: ManifestSegment,
): Promise<StoredSegment> =>
  segment.storedBytes <= WINDOW_BYTES
    ? parseWhole(context, reference.key, await readWholeSegment(context, reference, segment))
    : openByRanges(context, reference, segment.storedBytes);

/** A segment whose stored bytes are in memory already. */
export const openStoredBytes = parseWhole;
