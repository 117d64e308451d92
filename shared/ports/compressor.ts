/**
 * Generic zstd for documents: layouts and plans of large checkpoints are long and repetitive.
 * Weights go through `Codec`, never through this.
 */
export interface Compressor {
  /** One zstd frame that declares its content size. */
  compress(bytes: Uint8Array): Promise<Buffer>;
  /**
   * The content of one frame. Bounded before anything is allocated: a frame that declares no
   * size, or one above `bytesMax`, is refused.
   */
  expand(frame: Uint8Array, bytesMax: number): Promise<Buffer>;
}

export type CompressorErrorCode = 'NotOneFrame' | 'TooLarge' | 'Corrupt' | 'NotLoaded';

export class CompressorError extends Error {
  override readonly name = 'CompressorError';
  readonly code: CompressorErrorCode;
  /** A cut answer of a store looks like damage as well, so whoever read the bytes decides. */
  readonly retryable = false;

  constructor(code: CompressorErrorCode, options: { message: string; cause?: unknown }) {
    super(`${code}: ${options.message}`, { cause: options.cause });
    this.code = code;
  }
}
