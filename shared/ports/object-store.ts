import type { ObjectChecksum, ObjectVersion } from '../contracts/checkpoint-object.ts';

/** An object at one exact version: reads fail with `changed` rather than mix two versions. */
export interface ObjectReference {
  readonly bucket: string;
  readonly key: string;
  /** Reads go by version where there is one ... */
  readonly versionId?: string | null;
  /** ... and always by If-Match where this is given. */
  readonly etag?: string;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface ObjectHead {
  readonly object: ObjectVersion;
  /** S3's own checksum of the whole object, where it holds one. */
  readonly checksum: ObjectChecksum | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export type HeadResult =
  | { readonly kind: 'found'; readonly head: ObjectHead }
  | { readonly kind: 'absent' }
  /** Present, but not readable by us for good: archived, SSE-C, or a key we may not use. */
  | { readonly kind: 'unreadable'; readonly reason: string };

export type ReadResult =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'changed' };

export type WriteResult =
  | { readonly kind: 'created'; readonly etag: string; readonly versionId: string | null }
  | { readonly kind: 'exists' };

export interface WriteOptions {
  /** If-None-Match: the first writer wins, the others get `exists`. */
  readonly ifAbsent: boolean;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface PartReceipt {
  readonly part: number;
  readonly etag: string;
  /** Of the part's bytes, 8 hex characters; a part that is not these bytes ends the upload. */
  readonly crc32: string;
}

/** Faults (throttles, timeouts, short reads) are thrown as `ObjectStoreError`. */
export interface ObjectStore {
  head(reference: ObjectReference): Promise<HeadResult>;
  /** Exactly `range.length` bytes, or a fault. The caller bounds the length. */
  read(reference: ObjectReference, range: ByteRange): Promise<ReadResult>;
  /** The whole object, refused with a fault above `bytesMax`. */
  readAll(reference: ObjectReference, bytesMax: number): Promise<ReadResult>;
  write(target: ObjectReference, bytes: Uint8Array, options: WriteOptions): Promise<WriteResult>;
  /**
   * One page (at most 1,000 entries) of all versions under the prefix, delete markers left out;
   * unversioned buckets give one entry a key. `cursor` is the one of the page before, else null.
   */
  listPage(bucket: string, prefix: string, cursor: string | null): Promise<ListPage>;
}

export interface ListedVersion {
  readonly object: ObjectVersion;
  /** What a read without a version id gets. */
  readonly isCurrent: boolean;
}

export interface ListPage {
  readonly versions: readonly ListedVersion[];
  /** Opaque, ASCII, under 8 KiB; null after the last page. */
  readonly cursor: string | null;
}

/** Large targets in parts, for restore. A part is bounded by `WriteOptions` of its caller. */
export interface MultipartStore {
  createUpload(target: ObjectReference): Promise<string>;
  uploadPart(
    target: ObjectReference,
    uploadId: string,
    part: number,
    bytes: Uint8Array,
  ): Promise<PartReceipt>;
  completeUpload(
    target: ObjectReference,
    uploadId: string,
    parts: readonly PartReceipt[],
  ): Promise<WriteResult>;
  abortUpload(target: ObjectReference, uploadId: string): Promise<void>;
}

/** Only the retire function gets this one; it deletes one exact version, never a key. */
export interface VersionRetirer {
  deleteVersion(object: ObjectVersion & { readonly versionId: string }): Promise<void>;
}

export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
  readonly code: string;
  readonly subject: ObjectReference;
  readonly retryable: boolean;

  constructor(
    code: string,
    subject: ObjectReference,
    options: { message: string; retryable: boolean; cause?: unknown },
  ) {
    super(`${code}: ${options.message} (s3://${subject.bucket}/${subject.key})`, {
      cause: options.cause,
    });
    this.code = code;
    this.subject = subject;
    this.retryable = options.retryable;
  }
}
