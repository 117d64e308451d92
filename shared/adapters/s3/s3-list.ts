import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import {
  type ListedVersion,
  type ListPage,
  type ObjectReference,
  ObjectStoreError,
} from '../../ports/object-store.ts';
import { decodeCursor, encodeCursor } from '../cursor/cursor.ts';
import type { S3Context } from './s3-context.ts';
import { attempt, toObjectStoreError } from './s3-error.ts';
import { plainEtag, plainVersionId, wholeSecondsMs } from './s3-names.ts';

type Entry = NonNullable<ListObjectVersionsCommandOutput['Versions']>[number];

const PAGE_ENTRIES_MAX = 1_000;

/** Keys are asked for URL-encoded: XML has no way to write most control characters. */
export async function listVersionPage(
  context: S3Context,
  bucket: string,
  prefix: string,
  cursor: string | null,
): Promise<ListPage> {
  const subject = { bucket, key: prefix };
  const command = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: prefix,
    EncodingType: 'url',
    MaxKeys: PAGE_ENTRIES_MAX,
    ...context.owner,
    ...startAfter(subject, cursor),
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'failure') throw toObjectStoreError(result.failure, subject, result.cause);
  const page = result.answer;
  const isEncoded = page.EncodingType === 'url';
  const entries = withoutMark(page.Versions ?? [], page);
  const versions = entries.map((it) => describeEntry(subject, it, isEncoded));
  return { versions, cursor: page.IsTruncated ? nextCursor(subject, page, isEncoded) : null };
}

/** A page starts after its markers; the local stack repeats the marked entry where it is unversioned. */
function withoutMark(entries: readonly Entry[], page: ListObjectVersionsCommandOutput) {
  const [first, ...others] = entries;
  if (first === undefined || !page.KeyMarker || !page.VersionIdMarker) return entries;
  const isMarked = first.Key === page.KeyMarker && first.VersionId === page.VersionIdMarker;
  return isMarked ? others : entries;
}

function startAfter(subject: ObjectReference, cursor: string | null) {
  if (cursor === null) return {};
  const marks = decodeCursor(cursor);
  const key = marks?.[0];
  if (key === undefined) {
    const message = 'the cursor is not one of a page before';
    throw new ObjectStoreError('InvalidCursor', subject, { message, retryable: false });
  }
  const version = marks?.[1];
  return { KeyMarker: key, ...(version === undefined ? {} : { VersionIdMarker: version }) };
}

function nextCursor(
  subject: ObjectReference,
  page: ListObjectVersionsCommandOutput,
  isEncoded: boolean,
): string {
  if (page.NextKeyMarker === undefined) throw incomplete(subject, 'a cut page names no next key');
  const key = decodeKey(page.NextKeyMarker, isEncoded);
  return encodeCursor(page.NextVersionIdMarker ? [key, page.NextVersionIdMarker] : [key]);
}

function describeEntry(subject: ObjectReference, entry: Entry, isEncoded: boolean): ListedVersion {
  if (entry.Key === undefined || entry.ETag === undefined || entry.Size === undefined) {
    throw incomplete(subject, 'an entry has no key, no ETag or no size');
  }
  const object = {
    bucket: subject.bucket,
    key: decodeKey(entry.Key, isEncoded),
    versionId: plainVersionId(entry.VersionId),
    etag: plainEtag(entry.ETag),
    bytes: entry.Size,
    lastModifiedMs: wholeSecondsMs(entry.LastModified),
  };
  return { object, isCurrent: entry.IsLatest ?? true };
}

/** Once, and only where S3 says that it encoded: a key may contain "%2F" itself. */
function decodeKey(key: string, isEncoded: boolean): string {
  return isEncoded ? decodeURIComponent(key.replaceAll('+', '%20')) : key;
}

const incomplete = (subject: ObjectReference, message: string): ObjectStoreError =>
  new ObjectStoreError('IncompleteListing', subject, { message, retryable: false });
