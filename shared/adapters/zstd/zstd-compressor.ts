import { type Compressor, CompressorError } from '../../ports/compressor.ts';
import { loadZstd, type ZstdBinding, type ZstdModule } from './load-zstd.ts';

const LEVEL_DEFAULT = 3;

/**
 * zstd of the zstd-napi package, loaded by the first call. On Lambda it comes from a layer, where
 * only `require` looks. Calls hold the JavaScript thread: about 5 ms a MiB, which is right for
 * documents and for nothing larger.
 */
export function createZstdCompressor(level: number = LEVEL_DEFAULT): Compressor {
  let opened: Zstd | null = null;
  const open = (): Zstd => (opened ??= openZstd(level));
  return {
    compress: async (bytes) => open().compressor.compress(bytes),
    expand: async (frame, bytesMax) => {
      const { binding, context } = open();
      return expandFrame(binding, context, frame, bytesMax);
    },
  };
}

interface Zstd {
  readonly compressor: InstanceType<ZstdModule['Compressor']>;
  readonly binding: ZstdBinding;
  readonly context: InstanceType<ZstdBinding['DCtx']>;
}

function openZstd(level: number): Zstd {
  const { zstd, binding } = loadZstd();
  const compressor = new zstd.Compressor();
  compressor.setParameters({ compressionLevel: level, checksumFlag: true, contentSizeFlag: true });
  return { compressor, binding, context: new binding.DCtx() };
}

function expandFrame(
  binding: ZstdBinding,
  context: InstanceType<ZstdBinding['DCtx']>,
  frame: Uint8Array,
  bytesMax: number,
): Buffer {
  const declared = measureFrame(binding, frame);
  if (declared > bytesMax) {
    const message = `the frame declares ${declared} bytes, at most ${bytesMax} are expanded`;
    throw new CompressorError('TooLarge', { message });
  }
  const bytes = Buffer.alloc(declared);
  const found = orCorrupt(() => context.decompress(bytes, frame));
  if (found === declared) return bytes;
  throw new CompressorError('Corrupt', { message: `${declared} bytes declared, ${found} found` });
}

/** Content bytes of the frame, which must be alone. */
function measureFrame(binding: ZstdBinding, frame: Uint8Array): number {
  const frameBytes = orCorrupt(() => binding.findFrameCompressedSize(frame));
  const declared = orCorrupt(() => binding.getFrameContentSize(frame));
  if (frameBytes === frame.length && declared !== null) return declared;
  const message = 'expected one zstd frame with a declared size, and nothing after it';
  throw new CompressorError('NotOneFrame', { message });
}

function orCorrupt<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CompressorError('Corrupt', { message, cause });
  }
}
