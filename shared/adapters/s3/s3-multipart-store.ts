import {
  AbortMultipartUploadCommand,
  type CompletedPart,
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
import { createS3Context, type S3Context, type S3StoreSettings } from './s3-context.ts';
import { attempt, classifyS3Failure, toObjectStoreError } from './s3-error.ts';
import { headObject } from './s3-head.ts';
import { locate, plainEtag, plainVersionId } from './s3-names.ts';
import { addChecksums, wantsPartChecksums } from './s3-part-checksums.ts';

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
    ChecksumAlgorithm: context.checksumAlgorithm,
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
  const command = new UploadPartCommand({
    ...place(context, upload.target),
    UploadId: upload.uploadId,
    PartNumber: upload.part,
    Body: bytes,
    ChecksumAlgorithm: context.checksumAlgorithm,
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'failure') {
    throw toObjectStoreError(result.failure, upload.target, result.cause);
  }
  const etag = plainEtag(present(result.answer.ETag, upload.target, 'ETag'));
  return { part: upload.part, etag };
}

/**
 * If-None-Match: an object that stands there already is kept, and the upload stays to be aborted.
 * A 409 here ends the upload for good (S3 asks for a new one), so it is not tried again.
 */
async function completeUpload(
  context: S3Context,
  target: ObjectReference,
  uploadId: string,
  parts: readonly PartReceipt[],
): Promise<WriteResult> {
  const upload = { target, uploadId };
  const named = parts.map(({ part, etag }) => ({ PartNumber: part, ETag: `"${etag}"` }));
  let result = await sendComplete(context, upload, named);
  if (result.kind === 'failure' && wantsPartChecksums(result.failure)) {
    result = await sendComplete(context, upload, await addChecksums(context, upload, named));
  }
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

function sendComplete(
  context: S3Context,
  upload: { readonly target: ObjectReference; readonly uploadId: string },
  parts: readonly CompletedPart[],
) {
  const command = new CompleteMultipartUploadCommand({
    ...place(context, upload.target),
    UploadId: upload.uploadId,
    IfNoneMatch: '*',
    ChecksumType: 'FULL_OBJECT',
    MultipartUpload: { Parts: [...parts] },
  });
  return attempt(() => context.client.send(command));
}

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
