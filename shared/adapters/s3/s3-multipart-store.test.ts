import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createS3MultipartStore } from './s3-multipart-store.ts';
import { createS3VersionRetirer } from './s3-version-retirer.ts';

const client = new S3Client({ region: 'us-east-1' });
const mock = mockClient(client);
const store = createS3MultipartStore(client, { expectedBucketOwner: '111122223333' });
const target = { bucket: 'b', key: 'k' };
const parts = [{ part: 1, etag: 'e1', crc32: '3610a686' }];

beforeEach(() => mock.reset());

function failed(name: string, httpStatusCode: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode, attempts: 1 } });
}

describe('uploading a part', () => {
  it('sends the CRC32 of its bytes and gives it back for the list', async () => {
    mock.on(UploadPartCommand).resolves({ ETag: '"e1"' });
    const receipt = await store.uploadPart(target, 'u', 1, Buffer.from('hello'));
    expect(receipt).toEqual(parts[0]);
    expect(mock.commandCalls(UploadPartCommand)[0]?.args[0].input).toMatchObject({
      PartNumber: 1,
      ChecksumCRC32: 'NhCmhg==',
    });
  });
});

describe('completing an upload', () => {
  it('asks for no object at the target, a whole checksum and the expected owner', async () => {
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    mock.on(CompleteMultipartUploadCommand).resolves({ ETag: '"x-1"', VersionId: 'v' });
    const upload = await store.createUpload(target);
    expect(await store.completeUpload(target, upload, parts)).toEqual({
      kind: 'created',
      etag: 'x-1',
      versionId: 'v',
    });
    expect(mock.commandCalls(CompleteMultipartUploadCommand)[0]?.args[0].input).toMatchObject({
      IfNoneMatch: '*',
      ChecksumType: 'FULL_OBJECT',
      ExpectedBucketOwner: '111122223333',
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"e1"', ChecksumCRC32: 'NhCmhg==' }] },
    });
  });

  it('does not try a conflict again: S3 wants a new upload then', async () => {
    mock.on(CompleteMultipartUploadCommand).rejects(failed('ConditionalRequestConflict', 409));
    const completed = store.completeUpload(target, 'u', parts);
    await expect(completed).rejects.toMatchObject({
      code: 'ConditionalRequestConflict',
      retryable: true,
    });
    expect(mock.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(1);
  });

  it('says exists of an unknown upload only when the object is there', async () => {
    mock.on(CompleteMultipartUploadCommand).rejects(failed('NoSuchUpload', 404));
    mock.on(HeadObjectCommand).resolves({ ETag: '"x"', ContentLength: 1 });
    expect(await store.completeUpload(target, 'u', parts)).toEqual({ kind: 'exists' });
    mock.on(HeadObjectCommand).rejects(failed('NotFound', 404));
    mock.on(GetObjectCommand).rejects(failed('NoSuchKey', 404));
    const completed = store.completeUpload(target, 'u', parts);
    await expect(completed).rejects.toMatchObject({ code: 'NoSuchUpload', retryable: false });
  });
});

describe('aborting an upload', () => {
  it('counts an upload that is not there as aborted, and a fault as a fault', async () => {
    mock.on(AbortMultipartUploadCommand).rejects(failed('NoSuchUpload', 404));
    await expect(store.abortUpload(target, 'u')).resolves.toBeUndefined();
    mock.on(AbortMultipartUploadCommand).rejects(failed('SlowDown', 503));
    const aborted = store.abortUpload(target, 'u');
    await expect(aborted).rejects.toMatchObject({ code: 'SlowDown', retryable: true });
  });
});

describe('retiring a version', () => {
  const retirer = createS3VersionRetirer(client);
  const object = { ...target, versionId: 'v1', etag: 'e', bytes: 1, lastModifiedMs: 0 };

  it('names the version in every request', async () => {
    mock.on(DeleteObjectCommand).resolves({});
    await retirer.deleteVersion(object);
    const input = mock.commandCalls(DeleteObjectCommand)[0]?.args[0].input;
    expect(input).toEqual({ Bucket: 'b', Key: 'k', VersionId: 'v1' });
  });

  it.each(['', 'null'])('sends nothing for the version "%s"', async (versionId) => {
    const deleted = retirer.deleteVersion({ ...object, versionId });
    await expect(deleted).rejects.toMatchObject({ code: 'NoVersion', retryable: false });
    expect(mock.calls()).toHaveLength(0);
  });

  it('reports a version that may not be deleted', async () => {
    mock.on(DeleteObjectCommand).rejects(failed('AccessDenied', 403));
    await expect(retirer.deleteVersion(object)).rejects.toMatchObject({ code: 'AccessDenied' });
  });
});
