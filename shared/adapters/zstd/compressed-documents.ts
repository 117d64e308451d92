import { type Compressor, CompressorError } from '../../ports/compressor.ts';
import {
  type ObjectReference,
  type ObjectStore,
  ObjectStoreError,
} from '../../ports/object-store.ts';

/** Content type of what `compressDocument` makes. */
const ZSTD_CONTENT_TYPE = 'application/zstd';
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * A store whose documents are kept as zstd frames: `isDocument` chooses them by key. They are
 * written and read as a whole; JSON Lines that Step Functions reads must not be among them.
 * A document that was stored as it is, before or by hand, is read as it is.
 */
export function withCompressedDocuments(
  objects: ObjectStore,
  compressor: Compressor,
  isDocument: (key: string) => boolean,
): ObjectStore {
  return {
    head: (reference) => objects.head(reference),
    read: (reference, range) => objects.read(reference, range),
    listPage: (bucket, prefix, cursor) => objects.listPage(bucket, prefix, cursor),
    write: async (target, bytes, options) => {
      if (!isDocument(target.key)) return objects.write(target, bytes, options);
      const frame = await compressDocument(compressor, bytes);
      return objects.write(target, frame, { ...options, contentType: ZSTD_CONTENT_TYPE });
    },
    readAll: async (reference, bytesMax) => {
      const result = await objects.readAll(reference, bytesMax);
      if (result.kind !== 'read' || !isDocument(reference.key)) return result;
      const { bytes } = result;
      return { kind: 'read', bytes: await expandDocument(compressor, reference, bytes, bytesMax) };
    },
  };
}

export const compressDocument = (compressor: Compressor, bytes: Uint8Array): Promise<Buffer> =>
  compressor.compress(bytes);

/** The document in a frame, at most `bytesMax` long; what is not a frame is the document. */
export async function expandDocument(
  compressor: Compressor,
  subject: ObjectReference,
  stored: Buffer,
  bytesMax: number,
): Promise<Buffer> {
  if (!stored.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)) return stored;
  try {
    return await compressor.expand(stored, bytesMax);
  } catch (cause) {
    if (!(cause instanceof CompressorError)) throw cause;
    const code = cause.code === 'TooLarge' ? 'ObjectTooLarge' : 'DocumentDamaged';
    const { message } = cause;
    throw new ObjectStoreError(code, subject, { message, retryable: false, cause });
  }
}
