import { open } from 'node:fs/promises';
import type { OpenCheckpoint } from '../../shared/app/checkpoint/open-checkpoint.ts';
import { WINDOW_BYTES } from '../../shared/contracts/limits.ts';
import type { Codec, SizedChecksums, TensorRecord } from '../../shared/ports/codec.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { tensorHeader } from './tensor-output.ts';

export type Chunk = Buffer;

export interface WholeTarget {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly onProgress: (bytesDone: number, bytesTotal: number) => void;
}

/** Writes the original in order and compares its checksums with the manifest's at the end. */
export async function writeWhole(
  codec: Pick<Codec, 'checksums' | 'combineChecksums'>,
  checkpoint: OpenCheckpoint,
  target: WholeTarget,
): Promise<void> {
  const { bytes: total } = checkpoint.stored.manifest;
  const parts: SizedChecksums[] = [];
  const file = await open(target.path, 'wx');
  try {
    let done = 0;
    for await (const chunk of readAhead(checkpoint, total)) {
      target.signal.throwIfAborted();
      const [checksums] = await Promise.all([codec.checksums(chunk), file.writeFile(chunk)]);
      parts.push({ ...checksums, bytes: chunk.length });
      done += chunk.length;
      target.onProgress(done, total);
    }
  } finally {
    await file.close();
  }
  if (total > 0) compareChecksums(checkpoint, codec.combineChecksums(parts));
}

/** Windows of the original, one read ahead of the one that is being written. */
async function* readAhead(checkpoint: OpenCheckpoint, total: number): AsyncGenerator<Buffer> {
  const read = (offset: number): Promise<Buffer> =>
    checkpoint.read({ offset, length: Math.min(WINDOW_BYTES, total - offset) });
  let next = total > 0 ? read(0) : null;
  for (let offset = WINDOW_BYTES; next !== null; offset += WINDOW_BYTES) {
    const bytes: Buffer = await next;
    next = offset < total ? read(offset) : null;
    next?.catch(() => undefined); // thrown where it is awaited, if we get there
    yield bytes;
  }
}

function compareChecksums(
  checkpoint: OpenCheckpoint,
  actual: ReturnType<Codec['combineChecksums']>,
): void {
  const { manifest, checkpointId } = checkpoint.stored;
  for (const name of ['crc64nvme', 'crc32', 'crc32c'] as const) {
    if (actual[name] === manifest[name]) continue;
    throw new CliError(
      `the restored bytes are not the original: ${name} is ${actual[name]}, not ${manifest[name]}`,
      { exitCode: EXIT.corruption, advice: `Nothing was written. Checkpoint: ${checkpointId}` },
    );
  }
}

export interface TensorTarget {
  /** Where the bytes go now, and the name they will have: `.npy` asks for numpy's header. */
  readonly path: string;
  readonly output: string;
  readonly signal: AbortSignal;
}

export async function writeTensor(
  tensor: TensorRecord,
  chunks: AsyncIterable<Chunk>,
  target: TensorTarget,
): Promise<void> {
  const header = tensorHeader(tensor, target.output);
  const file = await open(target.path, 'wx');
  try {
    await file.writeFile(header);
    for await (const chunk of chunks) {
      target.signal.throwIfAborted();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
}
