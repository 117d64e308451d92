import { open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ByteRange,
  type HeadResult,
  type ObjectReference,
  ObjectStoreError,
  type ReadResult,
} from '../../ports/object-store.ts';
import { readFully } from './durable-file.ts';
import { ifThere, invalidRange } from './fs-error.ts';
import { keyToFolder } from './key-path.ts';
import { findVersion, type StoredVersion } from './version-record.ts';

export async function headFile(root: string, reference: ObjectReference): Promise<HeadResult> {
  const version = await findVersion(keyToFolder(root, reference), reference);
  if (version === null) return { kind: 'absent' };
  const checksum = { algorithm: 'crc32' as const, value: version.crc32 };
  const object = toObjectVersion(reference.bucket, version);
  return { kind: 'found', head: { object, checksum, metadata: version.metadata } };
}

export const toObjectVersion = (bucket: string, version: StoredVersion) => ({
  bucket,
  key: version.key,
  versionId: version.versionId,
  etag: version.etag,
  bytes: version.bytes,
  lastModifiedMs: version.lastModifiedMs,
});

/** `choose` says which range of the version is wanted, or throws. */
export async function readFile(
  root: string,
  reference: ObjectReference,
  choose: (version: StoredVersion) => ByteRange,
): Promise<ReadResult> {
  const folder = keyToFolder(root, reference);
  const version = await findVersion(folder, reference);
  if (version === null) return { kind: 'absent' };
  if (reference.etag !== undefined && reference.etag !== version.etag) return { kind: 'changed' };
  const range = choose(version);
  const file = await ifThere(open(join(folder, version.data), 'r'));
  if (file === null) return explainMissingData(folder, reference);
  try {
    const bytes = Buffer.allocUnsafe(range.length);
    const filled = await readFully(file, bytes, range.offset);
    if (filled === range.length) return { kind: 'read', bytes };
    const message = `the file ended after ${filled} of ${range.length} bytes`;
    throw new ObjectStoreError('ShortRead', reference, { message, retryable: true });
  } finally {
    await file.close();
  }
}

export function checkRange(
  reference: ObjectReference,
  range: ByteRange,
  version: StoredVersion,
): ByteRange {
  if (range.offset + range.length <= version.bytes) return range;
  const message = `${range.length} bytes from ${range.offset} asked for, of ${version.bytes}`;
  throw invalidRange(reference, message);
}

/** The version was retired while it was opened, or its bytes were lost. */
async function explainMissingData(folder: string, reference: ObjectReference): Promise<ReadResult> {
  if ((await findVersion(folder, reference)) === null) return { kind: 'absent' };
  const message = 'there is a record of the object, but no file with its bytes';
  throw new ObjectStoreError('DataMissing', reference, { message, retryable: false });
}
