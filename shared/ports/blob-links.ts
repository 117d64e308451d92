import type { BlobReference } from './blob-store.ts';

/** A URL that does one thing with one blob, for a few minutes, without any token. */
export interface BlobLinks {
  /** GET of the blob. */
  linkToRead(reference: BlobReference): Promise<string>;
  /** PUT of exactly these bytes; the headers are signed and have to be sent as they are. */
  linkToWrite(reference: BlobReference): Promise<BlobUpload>;
}

export interface BlobUpload {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
