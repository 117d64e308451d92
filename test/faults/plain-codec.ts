import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type {
  BaseBytes,
  Codec,
  DecodeRequest,
  EncodeRequest,
  Manifest,
  ObjectHeadBytes,
  SegmentIndex,
  SegmentWindow,
} from '../../shared/ports/codec.ts';
import type { ByteRange } from '../../shared/ports/object-store.ts';
import { checksumsOf, combineChecksumsOf } from './crc.ts';

/**
 * A codec that stores blocks as they are, or as a reference to equal bytes of the base. Its blocks
 * are small, so that tests over many small objects reach every path of the use cases quickly.
 * The same tests run on the native codec as well, with fewer cases.
 */
const BLOCK_BYTES = 1_024;
const MAGIC = 'PLN1';
const FOOTER_BYTES = 8;

class PlainCodecError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const corrupt = (message: string): PlainCodecError => new PlainCodecError('Corruption', message);

const blockSchema = z.strictObject({
  raw: z.int().min(0),
  length: z.int().min(1).max(BLOCK_BYTES),
  crc: z.int().min(0),
  /** Offset of the payload in the segment, or -1. */
  stored: z.int().min(-1),
  base: z.int().min(-1),
});
type Block = z.infer<typeof blockSchema>;
const indexSchema = z.strictObject({
  rawOffset: z.int().min(0),
  rawLength: z.int().min(0),
  blocks: z.array(blockSchema),
});

const baseOffsetAt = (regions: Float64Array, offset: number): number => {
  for (let index = 0; index < regions.length; index += 4) {
    const [start = 0, length = 0, , base = -1] = regions.subarray(index, index + 4);
    if (offset >= start && offset < start + length) {
      return base < 0 ? -1 : base + (offset - start);
    }
  }
  return -1;
};

const sliceOfBase = (base: BaseBytes | null, offset: number, length: number): Buffer | null => {
  let position = 0;
  for (const range of base?.ranges ?? []) {
    if (offset >= range.offset && offset + length <= range.offset + range.length) {
      const start = position + offset - range.offset;
      return base?.bytes.subarray(start, start + length) ?? null;
    }
    position += range.length;
  }
  return null;
};

const encodeBlocks = (request: EncodeRequest): { blocks: Block[]; payload: Buffer } => {
  const { raw, rawOffset, regions, base } = request;
  const blocks: Block[] = [];
  const payloads: Buffer[] = [];
  let stored = 0;
  for (let start = 0; start < raw.length; start += BLOCK_BYTES) {
    const bytes = raw.subarray(start, start + BLOCK_BYTES);
    const baseOffset = baseOffsetAt(regions, rawOffset + start);
    const same = baseOffset < 0 ? null : sliceOfBase(base, baseOffset, bytes.length);
    const isSame = same?.equals(bytes) === true;
    blocks.push({
      raw: rawOffset + start,
      length: bytes.length,
      crc: crc32(bytes),
      stored: isSame ? -1 : stored,
      base: isSame ? baseOffset : -1,
    });
    if (!isSame) {
      payloads.push(bytes);
      stored += bytes.length;
    }
  }
  return { blocks, payload: Buffer.concat(payloads) };
};

const windowOf = (
  blocks: readonly Block[],
): SegmentWindow & { readonly blocks: readonly Block[] } => {
  const first = blocks[0];
  const last = blocks.at(-1);
  const kept = blocks.filter((block) => block.stored >= 0);
  const storedStart = kept[0]?.stored ?? 0;
  const lastKept = kept.at(-1);
  const baseRanges: ByteRange[] = blocks
    .filter((block) => block.base >= 0)
    .map((block) => ({ offset: block.base, length: block.length }))
    .sort((one, other) => one.offset - other.offset);
  const rawOffset = first?.raw ?? 0;
  return {
    raw: { offset: rawOffset, length: (last?.raw ?? 0) + (last?.length ?? 0) - rawOffset },
    stored: {
      offset: storedStart,
      length: lastKept === undefined ? 0 : lastKept.stored + lastKept.length - storedStart,
    },
    baseRanges,
    blocks,
  };
};

class PlainIndex implements SegmentIndex {
  readonly rawOffset: number;
  readonly rawLength: number;
  readonly blocks: readonly Block[];
  constructor(index: z.infer<typeof indexSchema>) {
    this.rawOffset = index.rawOffset;
    this.rawLength = index.rawLength;
    this.blocks = index.blocks;
  }

  window(rawStart: number, rawEnd: number, rawBytesMax: number): SegmentWindow {
    const hit = this.blocks.filter(
      (block) => block.raw + block.length > rawStart && block.raw < rawEnd,
    );
    return windowOf(hit.slice(0, Math.max(1, Math.floor(rawBytesMax / BLOCK_BYTES))));
  }

  blocksIn({ offset, length }: ByteRange): readonly Block[] {
    return this.blocks.filter((block) => block.raw >= offset && block.raw < offset + length);
  }
}

const decodeBlock = (request: DecodeRequest, block: Block): Buffer => {
  const start = block.stored - request.window.stored.offset;
  const bytes =
    block.stored < 0
      ? sliceOfBase(request.base, block.base, block.length)
      : request.stored.subarray(start, start + block.length);
  if (bytes?.length !== block.length || crc32(bytes) !== block.crc) {
    throw corrupt(`block at ${block.raw} has another CRC32`);
  }
  return bytes;
};

const readPlainIndex = (tail: Buffer): ReturnType<Codec['readIndex']> => {
  if (tail.length < FOOTER_BYTES || tail.subarray(-4).toString('latin1') !== MAGIC) {
    throw corrupt('the footer is not one of ours');
  }
  const indexBytes = tail.readUInt32LE(tail.length - FOOTER_BYTES);
  if (indexBytes + FOOTER_BYTES > tail.length) {
    return { kind: 'need-more', bytes: indexBytes + FOOTER_BYTES };
  }
  const start = tail.length - FOOTER_BYTES - indexBytes;
  const text = tail.subarray(start, start + indexBytes).toString('utf8');
  try {
    return { kind: 'index', index: new PlainIndex(indexSchema.parse(JSON.parse(text))) };
  } catch (error) {
    throw corrupt(`the index is damaged: ${String(error)}`);
  }
};

const encodePlain = (request: EncodeRequest): Buffer => {
  const { blocks, payload } = encodeBlocks(request);
  const index = { rawOffset: request.rawOffset, rawLength: request.raw.length, blocks };
  const indexBytes = Buffer.from(JSON.stringify(index));
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt32LE(indexBytes.length);
  footer.write(MAGIC, 4, 'latin1');
  return Buffer.concat([payload, indexBytes, footer]);
};

const planPlainLayout = (target: ObjectHeadBytes, base: ObjectHeadBytes | null): Float64Array =>
  target.bytes === 0
    ? new Float64Array(0)
    : Float64Array.of(0, target.bytes, 0, base?.bytes === target.bytes ? 0 : -1);

const plainBaseRanges = (regions: Float64Array, offset: number, length: number): ByteRange[] => {
  const baseOffset = baseOffsetAt(regions, offset);
  return baseOffset < 0 ? [] : [{ offset: baseOffset, length }];
};

const manifestShape = z.looseObject({ bytes: z.int(), segments: z.array(z.unknown()) });

const readPlainManifest = (bytes: Buffer): Manifest => {
  try {
    const value: Manifest = JSON.parse(bytes.toString('utf8'));
    manifestShape.parse(value);
    return value;
  } catch (error) {
    throw corrupt(`the manifest is damaged: ${String(error)}`);
  }
};

export const plainCodec: Codec = {
  version: 1,
  probeContainer: async () => ({ kind: 'opaque', reason: 'The plain codec knows no container.' }),
  planLayout: async (target, base) => planPlainLayout(target, base),
  listTensors: async () => [],
  baseRanges: plainBaseRanges,
  encodeSegment: async (request) => {
    const stored = encodePlain(request);
    const sha256 = createHash('sha256').update(stored).digest('hex');
    const stats = {
      blocks: 0,
      identicalBytes: 0,
      deltaBytes: 0,
      standaloneBytes: 0,
      rawBytes: request.raw.length,
    };
    return { stored, sha256, stats, codecSeconds: 0, ...checksumsOf(request.raw) };
  },
  readIndex: (tail) => readPlainIndex(tail),
  decodeWindow: async (request) => {
    const { index } = request;
    if (!(index instanceof PlainIndex)) {
      throw new PlainCodecError('InvalidArgument', 'the index is of another codec');
    }
    const blocks = index.blocksIn(request.window.raw);
    return Buffer.concat(blocks.map((block) => decodeBlock(request, block)));
  },
  checksums: async (bytes) => checksumsOf(bytes),
  combineChecksums: combineChecksumsOf,
  writeManifest: (manifest) => Buffer.from(JSON.stringify(manifest)),
  readManifest: readPlainManifest,
};
