import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { TensorRecord } from '../../shared/ports/codec.ts';
import {
  CHANGE_SEED,
  type Changeable,
  type ChangeCount,
  changeWeights,
  isChangeable,
} from './change-weights.ts';
import { createRandom, type Random } from './random.ts';

/** A multiple of every element width. */
const PIECE_BYTES = 8 * 1024 * 1024;

interface Span {
  readonly offset: number;
  readonly length: number;
  readonly type: Changeable | null;
}

export interface ChangedCopy extends ChangeCount {
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes a copy of `from` with about 1% of its weights changed; the same bytes on every machine. */
export async function writeChangedCopy(
  from: string,
  to: string,
  tensors: readonly TensorRecord[],
  signal: AbortSignal,
): Promise<ChangedCopy> {
  const random = createRandom(CHANGE_SEED);
  const hash = createHash('sha256');
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'w');
    try {
      const { size } = await source.stat();
      const total = { values: 0, changed: 0 };
      for (const piece of piecesOf(spansOf(tensors, size))) {
        signal.throwIfAborted();
        const { bytes, count } = await changePiece(source, piece, random);
        total.values += count.values;
        total.changed += count.changed;
        hash.update(bytes);
        await target.writeFile(bytes);
      }
      return { ...total, bytes: size, sha256: hash.digest('hex') };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function changePiece(
  source: FileHandle,
  piece: Span,
  random: Random,
): Promise<{ bytes: Buffer; count: ChangeCount }> {
  const bytes = Buffer.alloc(piece.length);
  const { bytesRead } = await source.read(bytes, 0, piece.length, piece.offset);
  if (bytesRead !== piece.length) throw new Error(`the file became shorter at ${piece.offset}`);
  const count =
    piece.type === null ? { values: 0, changed: 0 } : changeWeights(bytes, piece.type, random);
  return { bytes, count };
}

/** The whole file in order: tensors of a known float type, and what lies between them. */
export function spansOf(tensors: readonly TensorRecord[], bytes: number): readonly Span[] {
  if (tensors.length === 0) return [{ offset: 0, length: bytes, type: 'byte' }];
  const spans: Span[] = [];
  let end = 0;
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset)) {
    if (tensor.length === 0 || !isChangeable(tensor.dtype)) continue;
    spans.push({ offset: end, length: tensor.offset - end, type: null });
    spans.push({ offset: tensor.offset, length: tensor.length, type: tensor.dtype });
    end = tensor.offset + tensor.length;
  }
  spans.push({ offset: end, length: bytes - end, type: null });
  return spans.filter((span) => span.length > 0);
}

function* piecesOf(spans: readonly Span[]): Generator<Span> {
  for (const span of spans) {
    for (let done = 0; done < span.length; done += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, span.length - done);
      yield { offset: span.offset + done, length, type: span.type };
    }
  }
}
