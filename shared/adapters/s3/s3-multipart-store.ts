import { crc32 as crc32Of } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  type MultipartStore,
  type ObjectReference,
  ObjectStoreError,
  type PartReceipt,
  type WriteResult,
} from '../../ports/object-store.ts';
import {
  CHECKSUM_ALGORITHM,
  createS3Context,
  type S3Context,
  type S3StoreSettings,
} from './s3-context.ts';
import { attempt, classifyS3Failure, toObjectStoreError } from './s3-error.ts';
import { headObject } from './s3-head.ts';
import { locate, plainEtag, plainVersionId } from './s3-names.ts';

/** Uploads in parts; the finished object has a checksum of its whole content. */
export function createS3MultipartStore(
  client: S3Client,
  settings: S3StoreSettings = {},
): MultipartStore {
  const context = createS3Context(client, settings);
  return {
    createUpload: (target) => createUpload(context, target),
    uploadPart: (target, uploadId, part, bytes) =>
      uploadPart(context, { target, uploadId, part }, bytes),
    completeUpload: (target, uploadId, parts) => completeUpload(context, target, uploadId, parts),
    abortUpload: (target, uploadId) => abortUpload(context, target, uploadId),
  };
}

const place = (context: S3Context, target: ObjectReference) => ({
  ...locate({ bucket: target.bucket, key: target.key }),
  ...context.owner,
});

async function createUpload(context: S3Context, target: ObjectReference): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    ...place(context, target),
    ChecksumAlgorithm: CHECKSUM_ALGORITHM,
    ChecksumType: 'FULL_OBJECT',
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'failure') throw toObjectStoreError(result.failure, target, result.cause);
  return present(result.answer.UploadId, target, 'UploadId');
}

async function uploadPart(
  context: S3Context,
  upload: { target: ObjectReference; uploadId: string; part: number },
  bytes: Uint8Array,
): Promise<PartReceipt> {
  const crc32 = crc32Of(bytes).toString(16).padStart(8, '0');
  const command = new UploadPartCommand({
    ...place(context, upload.target),
    UploadId: upload.uploadId,
    PartNumber: upload.part,
    Body: bytes,
    ChecksumCRC32: toBase64(crc32),
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'failure') {
    throw toObjectStoreError(result.failure, upload.target, result.cause);
  }
  const etag = plainEtag(present(result.answer.ETag, upload.target, 'ETag'));
  return { part: upload.part, etag, crc32 };
}

/**
 * S3 needs no checksums of parts where it keeps one of the whole, but it compares those that it
 * gets; stricter servers (versitygw 1.8.0) refuse a list without them.
 *
 * If-None-Match: an object that stands there already is kept, and the upload stays to be aborted.
 * A 409 here ends the upload for good (S3 asks for a new one), so it is not tried again.
 */
async function completeUpload(
  context: S3Context,
  target: ObjectReference,
  uploadId: string,
  parts: readonly PartReceipt[],
): Promise<WriteResult> {
  const command = new CompleteMultipartUploadCommand({
    ...place(context, target),
    UploadId: uploadId,
    IfNoneMatch: '*',
    ChecksumType: 'FULL_OBJECT',
    MultipartUpload: { Parts: parts.map(namePart) },
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'answer') {
    const etag = plainEtag(present(result.answer.ETag, target, 'ETag'));
    return { kind: 'created', etag, versionId: plainVersionId(result.answer.VersionId) };
  }
  const { failure, cause } = result;
  if (classifyS3Failure(failure) === 'changed') return { kind: 'exists' };
  // An earlier try may have completed it with its answer lost: then the object is there.
  if (failure.code === 'NoSuchUpload') {
    const found = await headObject(context, { bucket: target.bucket, key: target.key });
    if (found.kind === 'found') return { kind: 'exists' };
  }
  throw toObjectStoreError(failure, target, cause);
}

const namePart = ({ part, etag, crc32 }: PartReceipt) => ({
  PartNumber: part,
  ETag: `"${etag}"`,
  ChecksumCRC32: toBase64(crc32),
});

const toBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** An upload that is not there any more counts as aborted. */
async function abortUpload(
  context: S3Context,
  target: ObjectReference,
  uploadId: string,
): Promise<void> {
  const input = { ...place(context, target), UploadId: uploadId };
  const result = await attempt(() => context.client.send(new AbortMultipartUploadCommand(input)));
  if (result.kind === 'answer' || result.failure.code === 'NoSuchUpload') return;
  throw toObjectStoreError(result.failure, target, result.cause);
}

function present(value: string | undefined, subject: ObjectReference, name: string): string {
  if (value !== undefined && value !== '') return value;
  const message = `the answer has no ${name}`;
  throw new ObjectStoreError('IncompleteAnswer', subject, { message, retryable: false });
}
