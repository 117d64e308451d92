import type {
  BaseBytes,
  Codec,
  DecodeRequest,
  EncodeRequest,
  SegmentIndex,
} from '../../ports/codec.ts';
import { loadNative } from './load-native.ts';
import { type NativeModule, type NativeSegmentIndex, plainChecksums } from './native-module.ts';

/** An argument that the binding could not take; the codec's own errors carry the same field. */
export class CodecArgumentError extends Error {
  override readonly name = 'CodecArgumentError';
  readonly code = 'InvalidArgument';
  readonly retryable = false;
}

/** Buffers given to a call must not be written to until its promise settles. */
export function createNativeCodec(native: NativeModule = loadNative()): Codec {
  return {
    version: native.codecVersion(),
    probeContainer: (bytes) => new native.ContainerProbe(bytes),
    planLayout: (target, base) => native.planLayout(target, base),
    listTensors: (probe) => native.listTensors(probe),
    baseRanges: (regions, rawOffset, rawLength) => native.baseRanges(regions, rawOffset, rawLength),
    encodeSegment: (request) => native.encodeSegment(toNativeRequest(request)),
    readIndex: (tail, storedBytes) => native.readIndex(tail, storedBytes),
    decodeWindow: (request) => decodeWindow(request),
    checksums: async (bytes) => plainChecksums(await native.checksums(bytes)),
    combineChecksums: (parts) => plainChecksums(native.combineChecksums([...parts])),
    writeManifest: (manifest) => native.writeManifest(manifest),
    readManifest: (bytes) => native.readManifest(bytes),
  };
}

const hasBytes = (base: BaseBytes | null): base is BaseBytes =>
  base !== null && base.ranges.length > 0;

/** No ranges are no base, whatever they are of. */
const toNativeRequest = (request: EncodeRequest): EncodeRequest =>
  hasBytes(request.base) ? request : { ...request, base: null };

async function decodeWindow(request: DecodeRequest): Promise<Buffer> {
  const { index, window, stored, base, threads } = request;
  if (isNativeIndex(index)) {
    return index.decodeWindow(window.raw, stored, hasBytes(base) ? base : null, threads);
  }
  throw new CodecArgumentError('the index of a segment must come from readIndex of this codec');
}

const isNativeIndex = (index: SegmentIndex): index is NativeSegmentIndex =>
  'decodeWindow' in index && typeof index.decodeWindow === 'function';
