import { BlobStoreError } from '../../ports/blob-store.ts';
import { attempt } from './s3-error.ts';

export interface BlobPlace {
  readonly bucket: string;
  /** Ends in a slash. */
  readonly prefix: string;
}

export const blobPrefix = ({ prefix }: BlobPlace, namespace: string): string =>
  `${prefix}${namespace}/`;

export const blobKey = (place: BlobPlace, namespace: string, digest: string): string =>
  `${blobPrefix(place, namespace)}${digest.slice(0, 2)}/${digest}`;

/** S3 names checksums in base64. */
export const checksumOf = (digest: string): string => Buffer.from(digest, 'hex').toString('base64');

/** The answer, or null for what is not there. */
export async function sendForBlob<T>(send: () => Promise<T>): Promise<T | null> {
  const result = await attempt(send);
  if (result.kind === 'answer') return result.answer;
  const { code, status, message, retryable } = result.failure;
  // A HEAD answers 404 without a code. A missing bucket is a wrong configuration, not a miss.
  if (status === 404 && code !== 'NoSuchBucket') return null;
  throw new BlobStoreError(code, { message, retryable, cause: result.cause });
}
