import type { ByteRange } from './object-store.ts';

/**
 * The native codec (native/codec through native/codec-napi). Offsets are absolute in the
 * original; all heavy work runs off the JavaScript thread.
 */

/** Four numbers a region: offset, length, kind, base offset or -1. See ElementKind in layout.rs. */
export type Regions = Float64Array;

/** What objects are recognised as; docs/format/checkpoint-v1.md, section Manifest. */
export type ContainerKind =
  | 'opaque'
  | 'safetensors'
  | 'torch'
  | 'distcp'
  | 'npy'
  | 'npz'
  | 'gguf'
  | 'zip';

export interface Container {
  readonly kind: ContainerKind;
  /** 0 for all but safetensors. */
  readonly headerBytes: number;
  /** A sentence: why it is opaque, or what of it passes through as it is; may be empty. */
  readonly reason: string;
}

export type ProbeStep =
  /** Read these, ordered and apart, and go on with their concatenation. */
  | { readonly kind: 'read'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'known'; readonly container: Container };

/** Finds out what an object is; held by the native side. Ranges and bytes asked for are bounded. */
export interface ContainerProbe {
  /** The first call takes no bytes. */
  step(bytes: Buffer): Promise<ProbeStep>;
}

export interface TensorRecord {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  /** Of the elements in the bytes; a strided tensor is a view with gaps or overlaps. */
  readonly order: 'row-major' | 'column-major' | 'strided';
}

/** Base bytes: the concatenation of `ranges`, in order. */
export interface BaseBytes {
  readonly ranges: readonly ByteRange[];
  readonly bytes: Buffer;
}

export type Level = 'fast' | 'default' | 'max';

export interface EncodeRequest {
  readonly raw: Buffer;
  readonly rawOffset: number;
  readonly regions: Regions;
  readonly base: BaseBytes | null;
  readonly level: Level;
  readonly threads: number;
}

/** Raw bytes by how they were stored. */
export interface SegmentStats {
  readonly blocks: number;
  readonly identicalBytes: number;
  readonly deltaBytes: number;
  readonly standaloneBytes: number;
  readonly rawBytes: number;
}

/** Lower-case hex. */
export interface RawChecksums {
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
}

export interface EncodedSegment extends RawChecksums {
  readonly stored: Buffer;
  /** Of the stored bytes. */
  readonly sha256: string;
  readonly stats: SegmentStats;
  /** Codec alone, no digests. */
  readonly codecSeconds: number;
}

/** The block index of a segment, parsed and held by the native side. */
export interface SegmentIndex {
  readonly rawOffset: number;
  readonly rawLength: number;
  /** The first whole blocks that overlap [rawStart, rawEnd), at most `rawBytesMax` (>= 1 block). */
  window(rawStart: number, rawEnd: number, rawBytesMax: number): SegmentWindow;
}

export interface SegmentWindow {
  readonly raw: ByteRange;
  /** Bytes of the segment object that hold the payloads; length 0 where all is in the base. */
  readonly stored: ByteRange;
  readonly baseRanges: readonly ByteRange[];
}

export type IndexRead =
  | { readonly kind: 'need-more'; readonly bytes: number }
  | { readonly kind: 'index'; readonly index: SegmentIndex };

export interface DecodeRequest {
  readonly index: SegmentIndex;
  readonly window: SegmentWindow;
  readonly stored: Buffer;
  readonly base: BaseBytes | null;
  readonly threads: number;
}

export interface ManifestBase {
  readonly manifest: string | null;
  readonly bytes: number;
  readonly crc32: string;
  readonly crc64nvme: string;
  readonly depth: number;
}

export interface ManifestSegment extends RawChecksums {
  readonly sha256: string;
  readonly storedBytes: number;
}

/** docs/format/checkpoint-v1.md, section Manifest. */
export interface Manifest extends RawChecksums {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string | null;
  readonly container: Container;
  readonly segmentBytes: number;
  readonly depth: number;
  readonly base: ManifestBase | null;
  readonly segments: readonly ManifestSegment[];
}

export interface SizedChecksums extends RawChecksums {
  readonly bytes: number;
}

export interface Codec {
  /** Codec version written to manifests. */
  readonly version: number;
  probeContainer(objectBytes: number): ContainerProbe;
  /**
   * Regions in order, covering the object exactly; base mapped by tensor name, dtype, shape. The
   * probes are of this codec and have come to `known`.
   */
  planLayout(target: ContainerProbe, base: ContainerProbe | null): Promise<Regions>;
  listTensors(probe: ContainerProbe): Promise<readonly TensorRecord[]>;
  /** Ranges of the base that encoding [rawOffset, rawOffset + rawLength) reads; each byte once. */
  baseRanges(regions: Regions, rawOffset: number, rawLength: number): readonly ByteRange[];
  encodeSegment(request: EncodeRequest): Promise<EncodedSegment>;
  /** `tail`: the last bytes of the segment object. */
  readIndex(tail: Buffer, storedBytes: number): IndexRead;
  /** Raw bytes of the window; every block is checked against its CRC32. */
  decodeWindow(request: DecodeRequest): Promise<Buffer>;
  checksums(bytes: Buffer): Promise<RawChecksums>;
  /** Checksums of the concatenation. */
  combineChecksums(parts: readonly SizedChecksums[]): RawChecksums;
  writeManifest(manifest: Manifest): Buffer;
  readManifest(bytes: Buffer): Manifest;
}

/** Errors of the codec carry one of these in `code`. */
export type CodecErrorCode =
  | 'Corruption'
  | 'Compatibility'
  | 'InsufficientData'
  | 'InvalidArgument'
  | 'Io'
  | 'Cancelled'
  | 'Internal';

export interface PackedSummary extends RawChecksums {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly seconds: number;
  readonly codecSeconds: number;
  readonly stats: SegmentStats;
}

export interface PackedOptions {
  /** Plain files or `.mith` files; a chain's further bases follow in any order. */
  readonly bases: readonly string[];
  readonly threads: number;
  readonly level: Level;
  /** Raw bytes done so far; throttled by the caller's interval. */
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
  readonly signal?: AbortSignal;
}

/** `.mith` files on one machine: paths in, paths out; the caller makes the output atomic. */
export interface PackedFiles {
  compress(input: string, output: string, options: PackedOptions): Promise<PackedSummary>;
  decompress(input: string, output: string, options: PackedOptions): Promise<PackedSummary>;
  verify(input: string, options: PackedOptions): Promise<PackedSummary>;
  info(input: string): Promise<Manifest & { readonly storedBytes: number }>;
  tensors(input: string, options: PackedOptions): Promise<readonly TensorRecord[]>;
  readTensor(input: string, tensor: string, options: PackedOptions): Promise<Buffer>;
}
