import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { BlobLinks } from '../../ports/blob-links.ts';
import type { BlobReference } from '../../ports/blob-store.ts';
import type { Clock } from '../../ports/clock.ts';
import { type BlobPlace, blobKey, checksumOf } from './s3-blob-names.ts';

const LINK_SECONDS = 300;

/** Presigned URLs: one key, one method, 300 seconds; of a PUT also the length and the digest. */
export function createS3BlobLinks(client: S3Client, place: BlobPlace, clock: Clock): BlobLinks {
  const locate = ({ namespace, digest }: BlobReference) => ({
    Bucket: place.bucket,
    Key: blobKey(place, namespace, digest),
  });
  const period = () => ({ expiresIn: LINK_SECONDS, signingDate: new Date(clock.nowMs()) });
  return {
    linkToRead: (reference) =>
      getSignedUrl(client, new GetObjectCommand(locate(reference)), period()),
    linkToWrite: async (reference) => {
      const checksum = checksumOf(reference.digest);
      const command = new PutObjectCommand({
        ...locate(reference),
        ContentLength: reference.bytes,
        ChecksumSHA256: checksum,
      });
      const signed = new Set(['content-length', 'x-amz-checksum-sha256']);
      const url = await getSignedUrl(client, command, {
        ...period(),
        signableHeaders: signed,
        unhoistableHeaders: signed,
      });
      return {
        url,
        headers: {
          'Content-Length': String(reference.bytes),
          'x-amz-checksum-sha256': checksum,
        },
      };
    },
  };
}
