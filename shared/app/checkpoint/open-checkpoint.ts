import { sha256Schema } from '../../contracts/brands.ts';
import { segmentKey } from '../../contracts/checkpoint-keys.ts';
import { CHAIN_DEPTH_MAX, WINDOW_BYTES } from '../../contracts/limits.ts';
import { groupSpans, segmentSpan } from '../../domain/checkpoint/segments.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { corruption } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { decodeWindows } from './decode-range.ts';
import { type ManifestReference, openManifest, type StoredManifest } from './open-manifest.ts';
import { openSegment, type StoredSegment } from './stored-segment.ts';

type OpenContext = Pick<CheckpointContext, 'objects' | 'codec' | 'settings'>;

/** Opened segments that are kept, per checkpoint of a chain: at most this many times 16 MiB. */
const OPEN_SEGMENTS_MAX = 2;
/** Ranges of a base that are closer than this are decoded in one go. */
const RANGE_GAP_MAX = 1024 * 1024;

/** Reads a compressed checkpoint by ranges of its original, through its chain of bases. */
export class OpenCheckpoint {
  readonly stored: StoredManifest;
  readonly base: OpenCheckpoint | null;
  readonly #context: OpenContext;
  /** Promises, so that two readers share one fetch; failed ones are dropped. */
  readonly #segments = new Map<number, Promise<StoredSegment>>();

  constructor(context: OpenContext, stored: StoredManifest, base: OpenCheckpoint | null) {
    this.#context = context;
    this.stored = stored;
    this.base = base;
  }

  /** Original bytes of one range; the caller bounds its length (about WINDOW_BYTES). */
  async read(range: ByteRange): Promise<Buffer> {
    const { bytes: objectBytes, segmentBytes } = this.stored.manifest;
    const end = range.offset + range.length;
    if (range.offset < 0 || range.length < 0 || end > objectBytes) {
      throw corruption(
        this.stored.checkpointId,
        `bytes ${range.offset} to ${end} are outside of the ${objectBytes} there are`,
      );
    }
    const out = Buffer.alloc(range.length);
    for (let offset = range.offset; offset < end; ) {
      const number = Math.floor(offset / segmentBytes);
      const span = segmentSpan(number, objectBytes, segmentBytes);
      const length = Math.min(end, span.offset + span.length) - offset;
      await this.#copyFromSegment(number, { offset, length }, out.subarray(offset - range.offset));
      offset += length;
    }
    return out;
  }

  /** The concatenation of ranges (ordered by offset), as a delta asks for them. */
  async readRanges(ranges: readonly ByteRange[]): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (const group of groupSpans(ranges, RANGE_GAP_MAX, WINDOW_BYTES)) {
      const bytes = await this.read(group);
      for (const member of group.members) {
        const start = member.offset - group.offset;
        pieces.push(bytes.subarray(start, start + member.length));
      }
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }

  async #copyFromSegment(number: number, range: ByteRange, out: Buffer): Promise<void> {
    const segment = await this.#segment(number);
    const base = this.base;
    const readBase =
      base === null ? null : (ranges: readonly ByteRange[]) => base.readRanges(ranges);
    for await (const window of decodeWindows(this.#context, segment, readBase, range)) {
      const from = Math.max(0, range.offset - window.offset);
      const to = Math.min(window.bytes.length, range.offset + range.length - window.offset);
      window.bytes.copy(out, window.offset + from - range.offset, from, to);
    }
  }

  #segment(number: number): Promise<StoredSegment> {
    const known = this.#segments.get(number);
    if (known !== undefined) {
      return known;
    }
    const oldest = this.#segments.keys().next();
    if (this.#segments.size >= OPEN_SEGMENTS_MAX && oldest.done !== true) {
      this.#segments.delete(oldest.value);
    }
    const opened = this.#open(number).catch((error: unknown) => {
      this.#segments.delete(number);
      throw error;
    });
    this.#segments.set(number, opened);
    return opened;
  }

  async #open(number: number): Promise<StoredSegment> {
    const { manifest, checkpointId } = this.stored;
    const record = manifest.segments[number];
    if (record === undefined) {
      throw corruption(checkpointId, `the manifest has no segment ${number}`);
    }
    const key = segmentKey(checkpointId, sha256Schema.parse(record.sha256));
    const reference = { bucket: this.#context.settings.storeBucket, key };
    const segment = await openSegment(this.#context, reference, record);
    const span = segmentSpan(number, manifest.bytes, manifest.segmentBytes);
    if (segment.index.rawOffset !== span.offset || segment.index.rawLength !== span.length) {
      throw corruption(key, 'the segment holds another range of the original');
    }
    return segment;
  }
}

const open = async (
  context: OpenContext,
  reference: ManifestReference,
  depthMax: number,
): Promise<OpenCheckpoint> => {
  const stored = await openManifest(context, reference);
  if (stored.manifest.depth > depthMax) {
    throw corruption(
      reference.manifestKey,
      `the chain of bases says depth ${stored.manifest.depth} where at most ${depthMax} is possible`,
    );
  }
  if (stored.base === null) {
    return new OpenCheckpoint(context, stored, null);
  }
  // Every level is less deep than the one above, so a chain ends even where it is forged.
  const base = await open(context, stored.base, stored.manifest.depth - 1);
  return new OpenCheckpoint(context, stored, base);
};

/**
 * Opens a checkpoint and all its bases: manifests only, each checked against the digest that the
 * one above (or the catalogue) gives. Damage is thrown as a Corruption fault.
 */
export const openCheckpoint = (
  context: OpenContext,
  reference: ManifestReference,
): Promise<OpenCheckpoint> => open(context, reference, CHAIN_DEPTH_MAX);
