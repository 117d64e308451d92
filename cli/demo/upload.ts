import { open } from 'node:fs/promises';
import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { PART_COUNT_MAX } from '../../shared/contracts/limits.ts';
import type { PartReceipt } from '../../shared/ports/object-store.ts';
import { CliError } from '../cli-error.ts';

/** Up to this size in one request, above in parts. */
const SINGLE_BYTES_MAX = 128 * 1024 * 1024;
const PART_BYTES = 64 * 1024 * 1024;

type UploadContext = Pick<CheckpointContext, 'objects' | 'multipart'>;
export interface Target {
  readonly bucket: string;
  readonly key: string;
}

/** Uploads a file as a team would, and gives the version that came of it. */
export async function upload(
  context: UploadContext,
  path: string,
  target: Target,
  onProgress: (bytesDone: number, bytesTotal: number) => void,
): Promise<ObjectVersion> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const readPart = async (offset: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead !== length) throw new CliError(`${path} became shorter while it was read`);
      return buffer;
    };
    if (size <= SINGLE_BYTES_MAX) {
      const bytes = await readPart(0, size);
      await context.objects.write(target, bytes, { ifAbsent: false });
    } else await uploadParts(context, target, size, { readPart, onProgress });
  } finally {
    await file.close();
  }
  const found = await context.objects.head(target);
  if (found.kind === 'found') return found.head.object;
  throw new CliError(`the upload is not there: s3://${target.bucket}/${target.key}`);
}

async function uploadParts(
  context: UploadContext,
  target: Target,
  size: number,
  source: {
    readonly readPart: (offset: number, length: number) => Promise<Buffer>;
    readonly onProgress: (bytesDone: number, bytesTotal: number) => void;
  },
): Promise<void> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / PART_COUNT_MAX));
  const uploadId = await context.multipart.createUpload(target);
  try {
    const parts: PartReceipt[] = [];
    for (let offset = 0; offset < size; offset += partBytes) {
      const bytes = await source.readPart(offset, Math.min(partBytes, size - offset));
      parts.push(await context.multipart.uploadPart(target, uploadId, parts.length + 1, bytes));
      source.onProgress(offset + bytes.length, size);
    }
    await context.multipart.completeUpload(target, uploadId, parts);
  } catch (error) {
    await context.multipart.abortUpload(target, uploadId);
    throw error;
  }
}
