import { type ZstdBinding as Binding, loadZstd } from './load-zstd.ts';

/** Fast, and about as small as level 3 on object files and archives of text. */
const LEVEL = 1;
/** 8 MiB: what every decoder takes, and a bound on the memory that a frame can ask for. */
const WINDOW_LOG_MAX = 23;
/** Contexts that wait to be used again; each holds about 1 MB. */
const IDLE_MAX = 4;

export interface ZstdStreams {
  /** One frame from pieces of any size. */
  compress(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Throws where the pieces are not whole frames; the caller bounds what it takes. */
  expand(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** Each piece holds the JavaScript thread while it is coded: 64 KiB take about 0.2 ms. */
export function createZstdStreams(): ZstdStreams {
  const { binding } = loadZstd();
  const encoders = newPool(() => newEncoder(binding));
  const decoders = newPool(() => newDecoder(binding));
  return {
    compress: async function* (source) {
      const context = encoders.take();
      for await (const piece of source) {
        yield* encode(binding, context, piece, binding.EndDirective.continue);
      }
      yield* encode(binding, context, Buffer.alloc(0), binding.EndDirective.end);
      encoders.giveBack(context); // not after an error: its frame is half done
    },
    expand: async function* (source) {
      const context = decoders.take();
      let isWhole = true;
      for await (const piece of source) {
        for (let at = 0; at < piece.length || !isWhole; ) {
          const target = Buffer.allocUnsafe(binding.dStreamOutSize());
          const [hint, produced, consumed] = context.decompressStream(target, piece.subarray(at));
          at += consumed;
          isWhole = hint === 0;
          if (produced > 0) yield target.subarray(0, produced);
          if (produced < target.length && at >= piece.length) break;
        }
      }
      if (!isWhole) throw new Error('the zstd frame ends too early');
      decoders.giveBack(context);
    },
  };
}

function* encode(
  binding: Binding,
  context: InstanceType<Binding['CCtx']>,
  piece: Uint8Array,
  directive: number,
): Generator<Uint8Array> {
  const isEnd = directive === binding.EndDirective.end;
  for (let at = 0, rest = 1; isEnd ? rest > 0 : at < piece.length; ) {
    const target = Buffer.allocUnsafe(binding.cStreamOutSize());
    const [left, produced, consumed] = context.compressStream2(
      target,
      piece.subarray(at),
      directive,
    );
    at += consumed;
    rest = left;
    if (produced > 0) yield target.subarray(0, produced);
  }
}

function newEncoder(binding: Binding): InstanceType<Binding['CCtx']> {
  const context = new binding.CCtx();
  context.setParameter(binding.CParameter.compressionLevel, LEVEL);
  return context;
}

function newDecoder(binding: Binding): InstanceType<Binding['DCtx']> {
  const context = new binding.DCtx();
  context.setParameter(binding.DParameter.windowLogMax, WINDOW_LOG_MAX);
  return context;
}

function newPool<T>(create: () => T): { take(): T; giveBack(it: T): void } {
  const idle: T[] = [];
  return {
    take: () => idle.pop() ?? create(),
    giveBack: (it) => void (idle.length < IDLE_MAX && idle.push(it)),
  };
}
