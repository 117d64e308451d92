import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import {
  type HeadResult,
  type ObjectReference,
  ObjectStoreError,
} from '../../ports/object-store.ts';
import { describeFailure, type ServiceFailure } from '../aws/service-failure.ts';
import { readFullObjectChecksum } from './s3-checksum.ts';
import type { S3Context } from './s3-context.ts';
import { attempt, classifyS3Failure, explainUnreadable, toObjectStoreError } from './s3-error.ts';
import { locate, plainEtag, plainVersionId, wholeSecondsMs } from './s3-names.ts';

/** Storage classes that must be restored before a GET. GLACIER_IR is read at once. */
const ARCHIVED_CLASSES: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);
const RESTORED = /ongoing-request="false"/u;

/** The ETag of the reference is not sent: a HEAD tells what is there, the caller compares. */
export async function headObject(
  context: S3Context,
  reference: ObjectReference,
): Promise<HeadResult> {
  const command = new HeadObjectCommand({
    ...locate(reference),
    ...context.owner,
    ChecksumMode: 'ENABLED',
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'answer') return describeHead(reference, result.answer);
  return explainFailedHead(context, reference, result.failure, result.cause);
}

function describeHead(reference: ObjectReference, head: HeadObjectCommandOutput): HeadResult {
  const archived = findArchive(head);
  if (archived !== null) {
    return { kind: 'unreadable', reason: `the object is archived (${archived})` };
  }
  if (head.ETag === undefined || head.ContentLength === undefined) {
    const message = 'HEAD gave no ETag or no length';
    throw new ObjectStoreError('IncompleteHead', reference, { message, retryable: false });
  }
  const object = {
    bucket: reference.bucket,
    key: reference.key,
    versionId: plainVersionId(head.VersionId),
    etag: plainEtag(head.ETag),
    bytes: head.ContentLength,
    lastModifiedMs: wholeSecondsMs(head.LastModified),
  };
  const checksum = readFullObjectChecksum(head);
  return { kind: 'found', head: { object, checksum, metadata: head.Metadata ?? {} } };
}

function findArchive(head: HeadObjectCommandOutput): string | null {
  if (head.ArchiveStatus !== undefined) return head.ArchiveStatus;
  if (head.StorageClass === undefined || !ARCHIVED_CLASSES.has(head.StorageClass)) return null;
  return RESTORED.test(head.Restore ?? '') ? null : head.StorageClass;
}

/**
 * A HEAD answer has no body, so 400, 403 and 404 do not say which of their causes it was: a
 * missing object or a missing bucket, a key we may not use or a role that lost a permission.
 * One byte read by GET carries the code. A fault of ours must not look like a missing object.
 */
async function explainFailedHead(
  context: S3Context,
  reference: ObjectReference,
  headFailure: ServiceFailure,
  headCause: unknown,
): Promise<HeadResult> {
  if (headFailure.status === 405) return { kind: 'absent' };
  const status = headFailure.status ?? 0;
  if (status !== 400 && status !== 403 && status !== 404) {
    throw toObjectStoreError(headFailure, reference, headCause);
  }
  const { failure, cause } = await probeByGet(context, reference, headFailure, headCause);
  const reason = explainUnreadable(failure);
  if (reason !== null) return { kind: 'unreadable', reason };
  if (classifyS3Failure(failure) === 'absent') return { kind: 'absent' };
  throw toObjectStoreError(failure, reference, cause);
}

async function probeByGet(
  context: S3Context,
  reference: ObjectReference,
  headFailure: ServiceFailure,
  headCause: unknown,
): Promise<{ failure: ServiceFailure; cause: unknown }> {
  const range = { Range: 'bytes=0-0' };
  const command = new GetObjectCommand({ ...locate(reference), ...context.owner, ...range });
  try {
    const answer = await context.client.send(command);
    await answer.Body?.transformToByteArray();
    // It appeared, or became readable, between the two calls: what HEAD said was true then.
    return { failure: headFailure, cause: headCause };
  } catch (cause) {
    return { failure: describeFailure(cause), cause };
  }
}
