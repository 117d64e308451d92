import type { ByteRange } from './object-store.ts';

/** Bytes of a namespace, named by the SHA-256 of what was given (not of how it is kept). */
export interface BlobReference {
  readonly namespace: string;
  readonly digest: string;
  /** What a reader is promised; a blob of another length is damaged. */
  readonly bytes: number;
}

export interface StagedBlob {
  readonly digest: string;
  readonly bytes: number;
  /** Durable and readable once it returns; the same blob may be there already. Once or more. */
  commit(): Promise<void>;
  /** After `commit` it does nothing. */
  discard(): Promise<void>;
}

export type BlobRead =
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** Throws `BlobDamagedError` before its last piece where the blob is not what its name says. */
  | { readonly kind: 'stream'; readonly body: AsyncIterable<Uint8Array> };

export type BlobCheck = 'sound' | 'damaged' | 'absent';

export interface ListedBlob {
  readonly digest: string;
  readonly storedBytes: number;
  readonly modifiedMs: number;
}

/** Memory is bounded: bodies are streamed. Faults of the system are thrown as `BlobStoreError`. */
export interface BlobStore {
  /** Reads the body to its end; what it throws is passed on, and nothing is left. */
  stage(namespace: string, body: AsyncIterable<Uint8Array>): Promise<StagedBlob>;
  /** Whole or a part; checked against the digest before the last byte is given. */
  read(reference: BlobReference, range: ByteRange | null): Promise<BlobRead>;
  /** Whether all of it is what its name says, for readers that cannot bear a body that breaks off. */
  check(reference: BlobReference): Promise<BlobCheck>;
  has(namespace: string, digest: string): Promise<boolean>;
  remove(namespace: string, digest: string): Promise<void>;
  list(namespace: string): AsyncIterable<ListedBlob>;
}

export class BlobDamagedError extends Error {
  override readonly name = 'BlobDamagedError';
  readonly code = 'Corruption';

  constructor(reference: BlobReference) {
    super(`the blob ${reference.digest} is not what its name says`);
  }
}

export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, options: { message: string; retryable: boolean; cause?: unknown }) {
    super(`${code}: ${options.message}`, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
  }
}
