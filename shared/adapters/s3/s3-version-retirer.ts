import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ObjectStoreError, type VersionRetirer } from '../../ports/object-store.ts';
import { createS3Context, type S3StoreSettings } from './s3-context.ts';
import { attempt, classifyS3Failure, toObjectStoreError } from './s3-error.ts';

/** Deletes exact versions. Without a version S3 would write a delete marker, or delete for good. */
export function createS3VersionRetirer(
  client: S3Client,
  settings: S3StoreSettings = {},
): VersionRetirer {
  const context = createS3Context(client, settings);
  return {
    deleteVersion: async (object) => {
      if (object.versionId === '' || object.versionId === 'null') {
        const message = 'only an exact version may be deleted';
        throw new ObjectStoreError('NoVersion', object, { message, retryable: false });
      }
      const command = new DeleteObjectCommand({
        Bucket: object.bucket,
        Key: object.key,
        VersionId: object.versionId,
        ...context.owner,
      });
      const result = await attempt(() => context.client.send(command));
      if (result.kind === 'answer' || classifyS3Failure(result.failure) === 'absent') return;
      throw toObjectStoreError(result.failure, object, result.cause);
    },
  };
}
