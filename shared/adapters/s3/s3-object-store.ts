import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../ports/object-store.ts';
import { createS3Context, type S3StoreSettings } from './s3-context.ts';
import { headObject } from './s3-head.ts';
import { listVersionPage } from './s3-list.ts';
import { readRange, readWhole } from './s3-read.ts';
import { writeObject } from './s3-write.ts';

/** Objects of S3, or of anything that speaks its protocol. */
export function createS3ObjectStore(client: S3Client, settings: S3StoreSettings = {}): ObjectStore {
  const context = createS3Context(client, settings);
  return {
    head: (reference) => headObject(context, reference),
    read: (reference, range) => readRange(context, reference, range),
    readAll: (reference, bytesMax) => readWhole(context, reference, bytesMax),
    write: (target, bytes, options) => writeObject(context, target, bytes, options),
    listPage: (bucket, prefix, cursor) => listVersionPage(context, bucket, prefix, cursor),
  };
}
