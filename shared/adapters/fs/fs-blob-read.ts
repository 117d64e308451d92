import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import {
  type BlobCheck,
  BlobDamagedError,
  type BlobRead,
  type BlobReference,
} from '../../ports/blob-store.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import type { ZstdStreams } from '../zstd/zstd-streams.ts';
import { readFully } from './durable-file.ts';
import { systemCode } from './fs-error.ts';

/** Up to this size a blob is checked before its first byte is given. */
const WHOLE_BYTES_MAX = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const VERIFIED_MAX = 20_000;

interface ReadOptions {
  readonly range: ByteRange | null;
  /** Null for a blob that is kept as it is. */
  readonly zstd: ZstdStreams | null;
  readonly verified: VerifiedFiles;
}

/** Up to this size the calls to another thread would take longer than the reading. */
const AT_ONCE_BYTES_MAX = 64 * 1024;

/** A small blob that is kept as it is; null where there is none such. */
export function readSmallBlob(
  path: string,
  reference: BlobReference,
  verified: VerifiedFiles,
): BlobRead | null {
  if (reference.bytes > AT_ONCE_BYTES_MAX) return null;
  const file = openIfThere(path);
  if (file === null) return null;
  try {
    const stats = fstatSync(file, { bigint: true });
    const bytes = Buffer.alloc(reference.bytes);
    if (stats.size !== BigInt(bytes.length) || readSync(file, bytes) !== bytes.length) {
      return DAMAGED;
    }
    if (verified.has(reference, stats)) return { kind: 'whole', bytes };
    if (createHash('sha256').update(bytes).digest('hex') !== reference.digest) return DAMAGED;
    verified.add(reference, stats);
    return { kind: 'whole', bytes };
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Takes over the handle. */
export async function readBlob(
  file: FileHandle,
  reference: BlobReference,
  options: ReadOptions,
): Promise<BlobRead> {
  let isStreaming = false;
  try {
    const stats = await file.stat({ bigint: true });
    if (options.zstd === null && stats.size !== BigInt(reference.bytes)) return DAMAGED;
    const checked = checkedPieces(file, reference, stats, options);
    isStreaming = options.range !== null || reference.bytes > WHOLE_BYTES_MAX;
    if (isStreaming) return { kind: 'stream', body: closing(file, checked) };
    return { kind: 'whole', bytes: await collect(checked) };
  } catch (error) {
    if (error instanceof BlobDamagedError) return DAMAGED;
    throw error;
  } finally {
    if (!isStreaming) await file.close();
  }
}

/** Takes over the handle. What was checked before, and is the same file, is not read again. */
export async function checkBlob(
  file: FileHandle,
  reference: BlobReference,
  options: ReadOptions,
): Promise<BlobCheck> {
  try {
    const stats = await file.stat({ bigint: true });
    if (options.verified.has(reference, stats)) return 'sound';
    for await (const _ of checkedPieces(file, reference, stats, options));
    return 'sound';
  } catch (error) {
    if (error instanceof BlobDamagedError) return 'damaged';
    throw error;
  } finally {
    await file.close();
  }
}

const DAMAGED: BlobRead = { kind: 'damaged' };

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  const [only] = parts;
  return parts.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(parts);
}

async function* closing(
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } finally {
    await file.close();
  }
}

/**
 * The pieces of the range, one behind what was read: the last one is given when the whole blob was
 * seen to be what its name says. What was checked once, and is the same file, is not hashed again.
 */
async function* checkedPieces(
  file: FileHandle,
  reference: BlobReference,
  stats: BigIntStats,
  { range, zstd, verified }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const isVerified = verified.has(reference, stats);
  const raw = readPieces(file, stats.size);
  const hash = createHash('sha256');
  let at = 0;
  let held: Uint8Array | null = null;
  try {
    for await (const piece of zstd === null ? raw : zstd.expand(raw)) {
      if (!isVerified) hash.update(piece);
      const part = cut(piece, at, range);
      at += piece.length;
      if (at > reference.bytes) throw new BlobDamagedError(reference);
      if (part.length === 0) continue;
      if (held !== null) yield held;
      held = part;
    }
  } catch (cause) {
    if (zstd !== null && !isSystemError(cause)) throw new BlobDamagedError(reference);
    throw cause;
  }
  const isRight = isVerified || hash.digest('hex') === reference.digest;
  if (at !== reference.bytes || !isRight) throw new BlobDamagedError(reference);
  verified.add(reference, stats);
  if (held !== null) yield held;
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

function cut(piece: Uint8Array, at: number, range: ByteRange | null): Uint8Array {
  if (range === null) return piece;
  const start = Math.max(0, range.offset - at);
  return piece.subarray(start, Math.max(start, range.offset + range.length - at));
}

async function* readPieces(file: FileHandle, size: bigint): AsyncGenerator<Uint8Array> {
  for (let at = 0, rest = Number(size); rest > 0; ) {
    const piece = Buffer.allocUnsafe(rest <= WHOLE_BYTES_MAX ? rest : PIECE_BYTES);
    const filled = await readFully(file, piece, at);
    if (filled === 0) return; // cut meanwhile; whoever counts the bytes sees it
    yield piece.subarray(0, filled);
    at += filled;
    rest -= filled;
  }
}

/**
 * Files whose bytes were hashed, by what changes with their content: inode and the time of its
 * last change, which no program can set back.
 */
export class VerifiedFiles {
  readonly #marks = new Map<string, string>();

  has(reference: BlobReference, stats: BigIntStats): boolean {
    return this.#marks.get(nameOf(reference)) === markOf(stats);
  }

  add(reference: BlobReference, stats: BigIntStats): void {
    const [oldest] = this.#marks.keys();
    if (this.#marks.size >= VERIFIED_MAX && oldest !== undefined) this.#marks.delete(oldest);
    this.#marks.set(nameOf(reference), markOf(stats));
  }
}

const nameOf = ({ namespace, digest }: BlobReference): string => `${namespace}/${digest}`;
const markOf = ({ ino, size, ctimeNs }: BigIntStats): string => `${ino}-${size}-${ctimeNs}`;
