import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import type { AwsClientOptions } from '../../shared/adapters/aws/client-options.ts';
import { createDynamoDbClient } from '../../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts';
import { createS3Client, createS3LinkClient } from '../../shared/adapters/s3/create-s3-client.ts';
import { createS3BlobLinks } from '../../shared/adapters/s3/s3-blob-links.ts';
import { createS3BlobStore } from '../../shared/adapters/s3/s3-blob-store.ts';
import { createS3MultipartStore } from '../../shared/adapters/s3/s3-multipart-store.ts';
import { createS3ObjectStore } from '../../shared/adapters/s3/s3-object-store.ts';
import { createS3VersionRetirer } from '../../shared/adapters/s3/s3-version-retirer.ts';
import type { BlobLinksHost } from './blob-links.ts';
import type { EntryTableHost } from './entry-table.ts';
import type { MultipartHost } from './multipart-store.ts';

export interface BucketOptions {
  readonly bucket: string;
  readonly isVersioned: boolean;
  readonly hasChecksum: boolean;
}

/** A fresh bucket behind any endpoint that speaks S3. */
export async function openS3Host(
  connection: AwsClientOptions,
  options: BucketOptions,
): Promise<MultipartHost> {
  const client: S3Client = createS3Client(connection);
  const { bucket, isVersioned } = options;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  if (isVersioned) {
    const enabled = { Status: 'Enabled' } as const;
    await client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: enabled }),
    );
  }
  return {
    ...options,
    objects: createS3ObjectStore(client),
    multipart: createS3MultipartStore(client),
    retirer: isVersioned ? createS3VersionRetirer(client) : null,
    close: async () => client.destroy(),
  };
}

/** Blobs of the compile cache, and links to them. */
export async function openBlobHost(
  connection: AwsClientOptions,
  bucket: string,
): Promise<BlobLinksHost> {
  const client = createS3Client(connection);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const place = { bucket, prefix: 'blobs/' };
  return {
    blobs: createS3BlobStore(client, { ...place, bodyBytesMax: 4 * 1024 * 1024 }),
    linksAt: (nowMs) =>
      createS3BlobLinks(createS3LinkClient(connection), place, new ManualClock(nowMs)),
    close: async () => client.destroy(),
  };
}

export async function openDynamoDbHost(connection: AwsClientOptions): Promise<EntryTableHost> {
  const client: DynamoDBClient = createDynamoDbClient(connection);
  const tableName = 'contract';
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  const table = createDynamoDbEntryTable(client, { tableName });
  return { table, close: async () => client.destroy() };
}
