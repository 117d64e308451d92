import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectReference, WriteOptions, WriteResult } from '../../ports/object-store.ts';
import { describeFailure } from '../aws/service-failure.ts';
import { CHECKSUM_ALGORITHM, type S3Context } from './s3-context.ts';
import { classifyS3Failure, toObjectStoreError } from './s3-error.ts';
import { plainEtag, plainVersionId } from './s3-names.ts';

/** 409 means that another conditional write of the key was on its way: the next try decides. */
const CONFLICT_TRIES_MAX = 6;

/**
 * The SDK sends a failed request again. Where the first one had taken effect, a conditional
 * write then says `exists` about our own bytes; callers treat `exists` by what is there.
 */
export async function writeObject(
  context: S3Context,
  target: ObjectReference,
  bytes: Uint8Array,
  options: WriteOptions,
): Promise<WriteResult> {
  const input = {
    Bucket: target.bucket,
    Key: target.key,
    Body: bytes,
    ...context.owner,
    ChecksumAlgorithm: CHECKSUM_ALGORITHM,
    ...(options.ifAbsent ? { IfNoneMatch: '*' } : {}),
    ...(options.contentType === undefined ? {} : { ContentType: options.contentType }),
    ...(options.metadata === undefined ? {} : { Metadata: { ...options.metadata } }),
  };
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await context.client.send(new PutObjectCommand(input));
      const versionId = plainVersionId(answer.VersionId);
      return { kind: 'created', etag: plainEtag(answer.ETag ?? ''), versionId };
    } catch (cause) {
      const failure = describeFailure(cause);
      const outcome = classifyS3Failure(failure);
      if (options.ifAbsent && outcome === 'changed') return { kind: 'exists' };
      if (outcome !== 'conflict' || tries === CONFLICT_TRIES_MAX) {
        throw toObjectStoreError(failure, target, cause);
      }
    }
    await context.pause(tries);
  }
}
