import { randomUUID } from 'node:crypto';
import { crc32 as crc32Of } from 'node:zlib';
import { PART_BYTES_MIN } from '../../contracts/limits.ts';
import {
  type ByteRange,
  type HeadResult,
  type ListPage,
  type MultipartStore,
  type ObjectReference,
  type ObjectStore,
  ObjectStoreError,
  type PartReceipt,
  type ReadResult,
  type VersionRetirer,
  type WriteOptions,
  type WriteResult,
} from '../../ports/object-store.ts';
import { decodeCursor, encodeCursor } from '../cursor/cursor.ts';
import {
  etagOf,
  MemoryBucket,
  type MemoryBucketSettings,
  type StoredVersion,
} from './memory-bucket.ts';

const PAGE_ENTRIES = 1_000;

const refuse = (code: string, subject: ObjectReference, message: string): ObjectStoreError =>
  new ObjectStoreError(code, subject, { message, retryable: false });

interface Upload {
  readonly target: ObjectReference;
  readonly parts: Map<number, { readonly bytes: Buffer } & PartReceipt>;
  done: WriteResult | null;
}

/** S3 in memory: versions, conditions, full-object checksums, multipart uploads. */
export class MemoryObjectStore implements ObjectStore, MultipartStore, VersionRetirer {
  readonly #buckets = new Map<string, MemoryBucket>();
  readonly #uploads = new Map<string, Upload>();
  readonly #nowMs: () => number;

  constructor(
    buckets: Readonly<Record<string, MemoryBucketSettings>>,
    nowMs: () => number = Date.now,
  ) {
    for (const [name, settings] of Object.entries(buckets)) {
      this.#buckets.set(name, new MemoryBucket(name, settings));
    }
    this.#nowMs = nowMs;
  }

  /** The bucket itself, for tests that damage or delete what is stored. */
  bucket(name: string): MemoryBucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      throw refuse('NoSuchBucket', { bucket: name, key: '' }, 'there is no such bucket');
    }
    return bucket;
  }

  async head(reference: ObjectReference): Promise<HeadResult> {
    const found = this.bucket(reference.bucket).find(reference);
    return found === null ? { kind: 'absent' } : { kind: 'found', head: found.head };
  }

  async read(reference: ObjectReference, range: ByteRange): Promise<ReadResult> {
    const found = this.#open(reference);
    if (!('bytes' in found)) {
      return found;
    }
    const end = range.offset + range.length;
    if (end > found.bytes.length) {
      const message = `range ends at ${end} of ${found.bytes.length} bytes`;
      throw new ObjectStoreError('ShortRead', reference, { message, retryable: true });
    }
    return { kind: 'read', bytes: Buffer.from(found.bytes.subarray(range.offset, end)) };
  }

  async readAll(reference: ObjectReference, bytesMax: number): Promise<ReadResult> {
    const found = this.#open(reference);
    if (!('bytes' in found)) {
      return found;
    }
    if (found.bytes.length > bytesMax) {
      throw refuse('ObjectTooLarge', reference, `${found.bytes.length} of at most ${bytesMax}`);
    }
    return { kind: 'read', bytes: Buffer.from(found.bytes) };
  }

  async write(
    target: ObjectReference,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<WriteResult> {
    const bucket = this.bucket(target.bucket);
    if (options.ifAbsent && bucket.current(target.key) !== null) {
      return { kind: 'exists' };
    }
    const copy = Buffer.from(bytes);
    const content = { bytes: copy, etag: etagOf(copy) };
    const object = bucket.put(target.key, content, options.metadata ?? {}, this.#nowMs());
    return { kind: 'created', etag: object.etag, versionId: object.versionId };
  }

  async listPage(bucket: string, prefix: string, cursor: string | null): Promise<ListPage> {
    const start = cursor === null ? 0 : Number(decodeCursor(cursor)?.[0] ?? Number.NaN);
    if (!Number.isInteger(start)) {
      throw refuse('InvalidCursor', { bucket, key: prefix }, 'the cursor is not one of ours');
    }
    const all = this.bucket(bucket).list(prefix);
    const end = start + PAGE_ENTRIES;
    return {
      versions: all
        .slice(start, end)
        .map(({ version, isCurrent }) => ({ object: version.head.object, isCurrent })),
      cursor: end < all.length ? encodeCursor([String(end)]) : null,
    };
  }

  async createUpload(target: ObjectReference): Promise<string> {
    const id = randomUUID();
    this.#uploads.set(id, { target, parts: new Map(), done: null });
    return id;
  }

  async uploadPart(
    target: ObjectReference,
    uploadId: string,
    part: number,
    bytes: Uint8Array,
  ): Promise<PartReceipt> {
    const copy = Buffer.from(bytes);
    const crc32 = crc32Of(copy).toString(16).padStart(8, '0');
    const receipt: PartReceipt = { part, etag: etagOf(copy), crc32 };
    this.#upload(target, uploadId).parts.set(part, { bytes: copy, ...receipt });
    return receipt;
  }

  async completeUpload(
    target: ObjectReference,
    uploadId: string,
    receipts: readonly PartReceipt[],
  ): Promise<WriteResult> {
    const upload = this.#upload(target, uploadId);
    if (upload.done !== null) {
      return upload.done;
    }
    const parts = receipts.map(({ part, etag, crc32 }, index) => {
      const uploaded = upload.parts.get(part);
      if (uploaded === undefined || uploaded.etag !== etag || uploaded.crc32 !== crc32) {
        throw refuse('InvalidPart', target, `part ${part} was not uploaded`);
      }
      if (index < receipts.length - 1 && uploaded.bytes.length < PART_BYTES_MIN) {
        throw refuse('EntityTooSmall', target, `part ${part} has ${uploaded.bytes.length} bytes`);
      }
      return uploaded.bytes;
    });
    const bucket = this.bucket(target.bucket);
    if (bucket.current(target.key) !== null) {
      return { kind: 'exists' };
    }
    const bytes = Buffer.concat(parts);
    const etag = `${etagOf(Buffer.from(receipts.map((part) => part.etag).join('')))}-${parts.length}`;
    const object = bucket.put(target.key, { bytes, etag }, {}, this.#nowMs());
    upload.done = { kind: 'created', etag: object.etag, versionId: object.versionId };
    return upload.done;
  }

  async abortUpload(_target: ObjectReference, uploadId: string): Promise<void> {
    this.#uploads.delete(uploadId);
  }

  async deleteVersion(object: ObjectReference & { readonly versionId: string }): Promise<void> {
    this.bucket(object.bucket).removeVersion(object.key, object.versionId);
  }

  /** Uploads that were begun and neither completed nor aborted. */
  openUploadCount(): number {
    return [...this.#uploads.values()].filter((upload) => upload.done === null).length;
  }

  #open(reference: ObjectReference): StoredVersion | ReadResult {
    const found = this.bucket(reference.bucket).find(reference);
    if (found === null) {
      return { kind: 'absent' };
    }
    return reference.etag !== undefined && reference.etag !== found.head.object.etag
      ? { kind: 'changed' }
      : found;
  }

  #upload(target: ObjectReference, uploadId: string): Upload {
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined || upload.target.key !== target.key) {
      throw refuse('NoSuchUpload', target, 'there is no such upload');
    }
    return upload;
  }
}
