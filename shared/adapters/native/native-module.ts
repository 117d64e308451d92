import type {
  BaseBytes,
  ContainerProbe,
  EncodedSegment,
  EncodeRequest,
  IndexRead,
  Level,
  Manifest,
  PackedSummary,
  RawChecksums,
  Regions,
  SegmentIndex,
  SizedChecksums,
  TensorRecord,
} from '../../ports/codec.ts';
import type { ByteRange } from '../../ports/object-store.ts';

/** What native/codec-napi exports; its index.d.ts is held to this by native-codec.test.ts. */
export interface NativeModule {
  codecVersion(): number;
  readonly ContainerProbe: new (bytes: number) => ContainerProbe;
  planLayout(target: ContainerProbe, base: ContainerProbe | null): Promise<Regions>;
  listTensors(probe: ContainerProbe): Promise<TensorRecord[]>;
  baseRanges(regions: Regions, rawOffset: number, rawLength: number): ByteRange[];
  encodeSegment(request: EncodeRequest): Promise<EncodedSegment>;
  readIndex(tail: Buffer, storedBytes: number): IndexRead;
  checksums(bytes: Buffer): Promise<SizedChecksums>;
  combineChecksums(parts: SizedChecksums[]): SizedChecksums;
  writeManifest(manifest: Manifest): Buffer;
  readManifest(bytes: Buffer): Manifest;
  readonly PackedJob: new () => PackedJob;
  packedInfo(input: string): Promise<PackedInfo>;
  packedTensors(input: string, options: NativePackedOptions): Promise<TensorRecord[]>;
  packedTensor(input: string, tensor: string, options: NativePackedOptions): Promise<Buffer>;
}

/** Decoding is a method of the index: it stays on the native side. */
export interface NativeSegmentIndex extends SegmentIndex {
  decodeWindow(
    raw: ByteRange,
    stored: Buffer,
    base: BaseBytes | null,
    threads: number,
  ): Promise<Buffer>;
}

export interface NativePackedOptions {
  readonly bases: string[];
  readonly threads: number;
  readonly level: Level;
}

export interface PackedInfo {
  readonly storedBytes: number;
  readonly manifestSha256: string;
  readonly manifest: Manifest;
}

export interface PackedJob {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  cancel(): void;
  compress(input: string, output: string, options: NativePackedOptions): Promise<PackedSummary>;
  decompress(input: string, output: string, options: NativePackedOptions): Promise<PackedSummary>;
  verify(input: string, options: NativePackedOptions): Promise<PackedSummary>;
}

export const plainChecksums = (sums: RawChecksums): RawChecksums => ({
  crc32: sums.crc32,
  crc32c: sums.crc32c,
  crc64nvme: sums.crc64nvme,
});
