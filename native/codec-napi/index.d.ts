/**
 * The native module `mithril-native.<platform>-<arch>.node`. Offsets and sizes are whole numbers
 * below 2^53, checksums lower-case hex. A rejection or a throw is an `Error` whose `code` is
 * Corruption, Compatibility, InsufficientData, InvalidArgument, Io, Cancelled or Internal.
 *
 * Buffers are not copied on the way in: do not write to them before the promise has settled.
 */

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export type ContainerKind =
  | 'opaque'
  | 'safetensors'
  | 'torch'
  | 'distcp'
  | 'npy'
  | 'npz'
  | 'gguf'
  | 'zip';

export type ProbeStep =
  /** Read these and call `step` with their concatenation. */
  | { readonly kind: 'read'; readonly ranges: ByteRange[] }
  | { readonly kind: 'known'; readonly container: ManifestContainer };

/** Finds out what an object of `bytes` bytes is; the caller reads what it asks for. */
export class ContainerProbe {
  constructor(bytes: number);
  /** The first call takes no bytes. */
  step(bytes: Buffer): Promise<ProbeStep>;
}

export interface TensorRecord {
  readonly name: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly offset: number;
  readonly length: number;
  /** Of the elements in the bytes; a strided tensor is a view with gaps or overlaps. */
  readonly order: 'row-major' | 'column-major' | 'strided';
}

export interface SizedChecksums {
  readonly bytes: number;
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
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
  /** Four numbers a region: offset, length, kind, base offset or -1. */
  readonly regions: Float64Array;
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

export interface EncodedSegment {
  readonly stored: Buffer;
  /** Of the stored bytes. */
  readonly sha256: string;
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
  readonly stats: SegmentStats;
  /** Codec alone, no digests. */
  readonly codecSeconds: number;
}

export interface SegmentWindow {
  readonly raw: ByteRange;
  readonly stored: ByteRange;
  readonly baseRanges: ByteRange[];
}

export class SegmentIndex {
  private constructor();
  readonly rawOffset: number;
  readonly rawLength: number;
  /** The first whole blocks that overlap [rawStart, rawEnd), at most `rawBytesMax` (>= 1 block). */
  window(rawStart: number, rawEnd: number, rawBytesMax: number): SegmentWindow;
  /** Restores a window: `raw` as `window` gave it, `stored` the bytes of its `stored` range. */
  decodeWindow(
    raw: ByteRange,
    stored: Buffer,
    base: BaseBytes | null,
    threads: number,
  ): Promise<Buffer>;
}

export type IndexResult =
  | { readonly kind: 'need-more'; readonly bytes: number }
  | { readonly kind: 'index'; readonly index: SegmentIndex };

export interface ManifestContainer {
  readonly kind: ContainerKind;
  /** 0 for all but safetensors. */
  readonly headerBytes: number;
  /** Why it is opaque, or what of it passes through as it is; may be empty. */
  readonly reason: string;
}

export interface ManifestBase {
  readonly manifest: string | null;
  readonly bytes: number;
  readonly crc32: string;
  readonly crc64nvme: string;
  readonly depth: number;
}

export interface ManifestSegment {
  readonly sha256: string;
  readonly storedBytes: number;
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
}

export interface Manifest {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
  readonly sha256: string | null;
  readonly container: ManifestContainer;
  readonly segmentBytes: number;
  /** Ignored by `writeManifest`: 0, or one more than the base's. */
  readonly depth: number;
  readonly base: ManifestBase | null;
  readonly segments: readonly ManifestSegment[];
}

export interface PackedOptions {
  /**
   * Packed or plain files; for compressing the base comes first. `.mith` files in the folders of
   * the input and of these files are found by themselves.
   */
  readonly bases: readonly string[];
  readonly threads: number;
  readonly level: Level;
  /** Name to keep in the manifest; the input's file name if absent. */
  readonly name?: string;
  /** Whether to take the SHA-256 of the original as well. */
  readonly sha256?: boolean;
  /** Bytes of the original in a segment; 16 MiB if absent. */
  readonly segmentBytes?: number;
}

export interface PackedSummary {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly seconds: number;
  /** Codec alone: no file access, no digests. */
  readonly codecSeconds: number;
  readonly hasBase: boolean;
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
  /** All 0 unless the job compressed. */
  readonly stats: SegmentStats;
}

export interface PackedInfo {
  readonly storedBytes: number;
  /** SHA-256 of the manifest: the name of the checkpoint. */
  readonly manifestSha256: string;
  readonly manifest: Manifest;
}

/** One operation on a packed file. Poll `bytesDone` for progress; make a new job for each. */
export class PackedJob {
  constructor();
  /** Bytes of the original done so far. */
  readonly bytesDone: number;
  /** Bytes of the original in all; 0 until it is known. */
  readonly bytesTotal: number;
  /** Ends the operation with code `Cancelled`, within one segment or window. */
  cancel(): void;
  /** The output is overwritten; on an error it is to be removed by the caller. */
  compress(input: string, output: string, options: PackedOptions): Promise<PackedSummary>;
  decompress(input: string, output: string, options: PackedOptions): Promise<PackedSummary>;
  verify(input: string, options: PackedOptions): Promise<PackedSummary>;
}

export function codecVersion(): number;
/** Both probes must have come to `known`. */
export function planLayout(
  target: ContainerProbe,
  base: ContainerProbe | null,
): Promise<Float64Array>;
export function listTensors(object: ContainerProbe): Promise<TensorRecord[]>;
export function checksums(bytes: Buffer): Promise<SizedChecksums>;
export function combineChecksums(parts: readonly SizedChecksums[]): SizedChecksums;
export function baseRanges(
  regions: Float64Array,
  rawOffset: number,
  rawLength: number,
): ByteRange[];
export function encodeSegment(request: EncodeRequest): Promise<EncodedSegment>;
/** `tail`: the last bytes of the segment. */
export function readIndex(tail: Buffer, storedBytes: number): IndexResult;
export function writeManifest(manifest: Manifest): Buffer;
export function readManifest(bytes: Buffer): Manifest;
export function packedInfo(input: string): Promise<PackedInfo>;
export function packedTensors(input: string, options: PackedOptions): Promise<TensorRecord[]>;
export function packedTensor(
  input: string,
  tensor: string,
  options: PackedOptions,
): Promise<Buffer>;
/** Panic on purpose, for tests: the call ends with code `Internal`, the process goes on. */
export function panicOnPool(): Promise<void>;
export function panicAtOnce(): void;
