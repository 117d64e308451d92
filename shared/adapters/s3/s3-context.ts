import type { S3Client } from '@aws-sdk/client-s3';
import { type Pause, pauseWithJitter } from '../aws/pause.ts';

/**
 * Checksum that uploads carry and S3 keeps. CRC32 is native in Node; CRC64NVME is computed in
 * JavaScript here and by the local stack, at a few MB/s.
 */
export const CHECKSUM_ALGORITHM = 'CRC32' as const;

export interface S3StoreSettings {
  /** Account that must own the bucket; S3 refuses all others with 403. */
  readonly expectedBucketOwner?: string;
  readonly pause?: Pause;
}

/** What every call of the S3 adapters needs. */
export interface S3Context {
  readonly client: S3Client;
  readonly owner: { ExpectedBucketOwner?: string };
  readonly pause: Pause;
  /** What this server was seen to do; it lives as long as the store. */
  readonly learned: { ignoresRangeOfVersion: boolean };
}

export function createS3Context(client: S3Client, settings: S3StoreSettings): S3Context {
  const owner = settings.expectedBucketOwner;
  return {
    client,
    owner: owner === undefined ? {} : { ExpectedBucketOwner: owner },
    pause: settings.pause ?? pauseWithJitter,
    learned: { ignoresRangeOfVersion: false },
  };
}
