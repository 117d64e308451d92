import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobReference,
  type BlobStore,
  BlobStoreError,
  type ListedBlob,
  type StagedBlob,
} from '../../ports/blob-store.ts';
import type { ZstdStreams } from '../zstd/zstd-streams.ts';
import { flushFolder, makeFolder } from './durable-file.ts';
import { checkBlob, readBlob, readSmallBlob, VerifiedFiles } from './fs-blob-read.ts';
import { ifThere, systemCode } from './fs-error.ts';
import { newTemporary } from './staged-data.ts';
import { sweepTemporary } from './sweep-temporary.ts';

/** This much of a body says whether zstd pays. */
const SAMPLE_BYTES = 64 * 1024;
/** Written to the file at once. */
const WRITE_BYTES = 256 * 1024;
/** Below, a file takes a block of the disk anyway. */
const COMPRESS_BYTES_MIN = 512;
/** Kept compressed only where at least a tenth is saved: not what is compressed already. */
const PAYS_BELOW = 0.9;

const BLOB_NAME = /^([0-9a-f]{64})(\.zst)?$/u;
const FORMS = ['', '.zst'] as const;
type Form = (typeof FORMS)[number];

export interface FsBlobStore extends BlobStore {
  /** Removes what killed processes left. */
  sweep(nowMs: number): Promise<void>;
}

/**
 * Blobs as files under `root/<namespace>/<2 hex>/<digest>[.zst]`, for several processes. A blob
 * appears whole, by a rename of flushed bytes. Without `zstd` all are kept as they are.
 */
export function createFsBlobStore(root: string, zstd: ZstdStreams | null): FsBlobStore {
  const temporaries = join(root, 'tmp');
  mkdirSync(temporaries, { recursive: true });
  const verified = new VerifiedFiles();
  const pathOf = (namespace: string, digest: string, form: Form): string =>
    join(root, namespace, digest.slice(0, 2), `${digest}${form}`);
  const openForm = (reference: BlobReference, form: Form): Promise<FileHandle | null> =>
    ifThere(open(pathOf(reference.namespace, reference.digest, form), 'r'));
  const openBlob = async (reference: BlobReference) => {
    const plain = await openForm(reference, '');
    if (plain !== null) return { handle: plain, zstd: null };
    const packed = zstd === null ? null : await openForm(reference, '.zst');
    return packed === null ? null : { handle: packed, zstd };
  };
  return {
    stage: (namespace, body) =>
      stage(newTemporary(temporaries), body, zstd, (digest, form) =>
        pathOf(namespace, digest, form),
      ),
    read: (reference, range) =>
      withFaults(async () => {
        const { namespace, digest } = reference;
        const path = pathOf(namespace, digest, '');
        const small = range === null ? readSmallBlob(path, reference, verified) : null;
        if (small !== null) return small;
        const file = await openBlob(reference);
        if (file === null) return { kind: 'absent' };
        return readBlob(file.handle, reference, { range, zstd: file.zstd, verified });
      }),
    check: (reference) =>
      withFaults(async () => {
        const file = await openBlob(reference);
        if (file === null) return 'absent';
        return checkBlob(file.handle, reference, { range: null, zstd: file.zstd, verified });
      }),
    has: (namespace, digest) =>
      withFaults(async () => {
        for (const form of FORMS) {
          if ((await ifThere(stat(pathOf(namespace, digest, form)))) !== null) return true;
        }
        return false;
      }),
    remove: (namespace, digest) =>
      withFaults(async () => {
        for (const form of FORMS) await rm(pathOf(namespace, digest, form), { force: true });
      }),
    list: (namespace) => listBlobs(join(root, namespace)),
    sweep: (nowMs) => sweepTemporary(temporaries, nowMs),
  };
}

async function stage(
  temporary: string,
  body: AsyncIterable<Uint8Array>,
  zstd: ZstdStreams | null,
  pathOf: (digest: string, form: Form) => string,
): Promise<StagedBlob> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = (async function* () {
    for await (const piece of body) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  })();
  try {
    const { head, rest } = await takeSample(counted);
    const form = zstd !== null && (await pays(zstd, head)) ? '.zst' : '';
    const pieces = joined(head, rest);
    await writePieces(temporary, form === '.zst' && zstd !== null ? zstd.compress(pieces) : pieces);
    const digest = hash.digest('hex');
    let published: Promise<void> | null = null;
    return {
      digest,
      bytes,
      commit: () => (published ??= withFaults(() => publish(temporary, pathOf(digest, form)))),
      discard: () => withFaults(() => rm(temporary, { force: true })),
    };
  } catch (error) {
    await counted.return(undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Over one that is there already: the same bytes, and it heals a blob that was damaged. */
async function publish(temporary: string, path: string): Promise<void> {
  const folder = join(path, '..');
  await makeFolder(folder);
  await rename(temporary, path);
  await flushFolder(folder);
}

async function takeSample(
  source: AsyncGenerator<Uint8Array>,
): Promise<{ readonly head: Buffer; readonly rest: AsyncGenerator<Uint8Array> }> {
  const pieces: Uint8Array[] = [];
  for (let bytes = 0; bytes < SAMPLE_BYTES; ) {
    const next = await source.next();
    if (next.done === true) break;
    pieces.push(next.value);
    bytes += next.value.length;
  }
  return { head: Buffer.concat(pieces), rest: source };
}

async function* joined(head: Buffer, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

async function pays(zstd: ZstdStreams, head: Buffer): Promise<boolean> {
  if (head.length < COMPRESS_BYTES_MIN) return false;
  let packed = 0;
  const sample = joined(head.subarray(0, SAMPLE_BYTES), nothing());
  for await (const piece of zstd.compress(sample)) packed += piece.length;
  return packed < PAYS_BELOW * Math.min(head.length, SAMPLE_BYTES);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await withFaults(() => open(path, 'wx'));
  try {
    for await (const piece of gathered(pieces)) await withFaults(() => file.writeFile(piece));
    await withFaults(() => file.sync());
  } finally {
    await file.close();
  }
}

/** Fewer and larger pieces: each one written is a call to another thread. */
async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.length;
    if (bytes < WRITE_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  yield Buffer.concat(held);
}

async function* listBlobs(folder: string): AsyncGenerator<ListedBlob> {
  for (const group of (await ifThere(readdir(folder))) ?? []) {
    for (const name of (await ifThere(readdir(join(folder, group)))) ?? []) {
      const digest = BLOB_NAME.exec(name)?.[1];
      const found = digest === undefined ? null : await ifThere(stat(join(folder, group, name)));
      if (digest === undefined || found === null) continue;
      yield { digest, storedBytes: found.size, modifiedMs: found.mtimeMs };
    }
  }
}

const RETRYABLE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EBUSY']);

async function withFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = systemCode(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BlobStoreError(code, { message, retryable: RETRYABLE.has(code), cause });
  }
}
