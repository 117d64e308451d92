import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { flushFile, writeFlushed } from './durable-file.ts';

/** Bytes on the disk that no object has yet. */
export interface StagedData {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** 8 hex characters. */
  readonly crc32: string;
}

const COPY_BYTES = 1024 * 1024;

export const newTemporary = (folder: string): string =>
  join(folder, `t-${randomBytes(16).toString('hex')}`);

export async function stageBytes(temporary: string, bytes: Uint8Array): Promise<StagedData> {
  const digest = new ContentDigest();
  digest.update(bytes);
  await writeFlushed(temporary, bytes);
  return { path: temporary, ...digest.finish() };
}

/** Copies a file of any size, sharing its blocks where the file system can. */
export async function stageFile(temporary: string, source: string): Promise<StagedData> {
  await copyFile(source, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  return finish(temporary, async () => {
    const digest = new ContentDigest();
    for await (const chunk of createReadStream(temporary, { highWaterMark: COPY_BYTES })) {
      digest.update(asBytes(chunk));
    }
    await flushFile(temporary);
    return { path: temporary, ...digest.finish() };
  });
}

/** Writes the files one after the other. */
export async function stageJoined(
  temporary: string,
  sources: readonly string[],
): Promise<StagedData> {
  const target = await open(temporary, 'wx');
  return finish(temporary, async () => {
    const digest = new ContentDigest();
    try {
      for (const source of sources) await append(target, source, digest);
      await target.sync();
    } finally {
      await target.close();
    }
    return { path: temporary, ...digest.finish() };
  });
}

async function append(target: FileHandle, source: string, digest: ContentDigest): Promise<void> {
  for await (const chunk of createReadStream(source, { highWaterMark: COPY_BYTES })) {
    const bytes = asBytes(chunk);
    digest.update(bytes);
    await target.writeFile(bytes); // at the handle's own position, and all of it
  }
}

/** A failed copy leaves nothing behind. */
async function finish(temporary: string, work: () => Promise<StagedData>): Promise<StagedData> {
  try {
    return await work();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a file gave something else than bytes');
}

class ContentDigest {
  readonly #sha256 = createHash('sha256');
  #crc32 = 0;
  #bytes = 0;

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
    this.#bytes += chunk.length;
  }

  finish(): { readonly bytes: number; readonly sha256: string; readonly crc32: string } {
    return {
      bytes: this.#bytes,
      sha256: this.#sha256.digest('hex'),
      crc32: this.#crc32.toString(16).padStart(8, '0'),
    };
  }
}
