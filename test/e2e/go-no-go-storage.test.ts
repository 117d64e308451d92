// The part of the go/no-go that is about single calls to S3 and DynamoDB: those on which no byte being lost depends.
import { randomBytes } from 'node:crypto';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { clientConfig } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';

const PART_BYTES_MIN = 5 * 1024 * 1024;
const Bucket = 'storage-behaviour';
const TableName = 'storage-behaviour';

await describeOnLocalStack('go/no-go: S3 and DynamoDB calls on the local stack', (stack) => {
  describe('S3', () => {
    const s3 = () => new S3Client(clientConfig(stack.endpoint()));
    const put = (Key: string, options: Partial<PutObjectCommandInput> = {}) =>
      s3().send(new PutObjectCommand({ Bucket, Key, Body: 'one', ...options }));
    const get = async (Key: string, options: Partial<GetObjectCommandInput> = {}) => {
      const { Body } = await s3().send(new GetObjectCommand({ Bucket, Key, ...options }));
      return (await Body?.transformToString()) ?? null;
    };
    const beginMultipart = async (Key: string) => {
      const { UploadId } = await s3().send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const part = { Bucket, Key, UploadId, PartNumber: 1, Body: 'a part' };
      const { ETag } = await s3().send(new UploadPartCommand(part));
      const parts = { Parts: [{ PartNumber: 1, ETag }] };
      return { Bucket, Key, UploadId, MultipartUpload: parts };
    };

    beforeAll(async () => {
      await s3().send(new CreateBucketCommand({ Bucket }));
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await s3().send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    });

    test('an overwritten version stays readable by its versionId, and only that one is deleted', async () => {
      const first = await put('versions');
      await put('versions', { Body: 'second' });
      expect(await get('versions')).toBe('second');
      const VersionId = first.VersionId ?? '';
      expect(await get('versions', { VersionId })).toBe('one');
      const head = await s3().send(new HeadObjectCommand({ Bucket, Key: 'versions', VersionId }));
      expect(head).toMatchObject({ ContentLength: 3, VersionId });
      await s3().send(new DeleteObjectCommand({ Bucket, Key: 'versions', VersionId }));
      await expect(get('versions', { VersionId })).rejects.toMatchObject({ name: 'NoSuchVersion' });
      expect(await get('versions')).toBe('second');
    });

    test('If-None-Match lets one of many writers win', async () => {
      const writers = Array.from({ length: 8 }, (_, at) =>
        put('race', { Body: `${at}`, IfNoneMatch: '*' }),
      );
      const results = await Promise.allSettled(writers);
      const lost = results.filter((it) => it.status === 'rejected');
      expect(lost).toHaveLength(7);
      for (const { reason } of lost) {
        expect(reason).toMatchObject({
          name: expect.stringMatching(/PreconditionFailed|ConditionalRequestConflict/),
        });
      }
    });

    test('If-Match on GET refuses another version than the one that was planned', async () => {
      const { ETag } = await put('if-match');
      expect(await get('if-match', { IfMatch: ETag })).toBe('one');
      await put('if-match', { Body: 'second' });
      await expect(get('if-match', { IfMatch: ETag })).rejects.toMatchObject({
        name: 'PreconditionFailed',
      });
    });

    test('a multipart upload with If-None-Match does not replace an object', async () => {
      const won = await beginMultipart('multipart');
      const lost = await beginMultipart('multipart');
      await s3().send(new CompleteMultipartUploadCommand({ ...won, IfNoneMatch: '*' }));
      const complete = s3().send(new CompleteMultipartUploadCommand({ ...lost, IfNoneMatch: '*' }));
      await expect(complete).rejects.toMatchObject({ name: 'PreconditionFailed' });
      const { UploadId } = lost;
      await s3().send(new AbortMultipartUploadCommand({ Bucket, Key: 'multipart', UploadId }));
      const open = await s3().send(new ListMultipartUploadsCommand({ Bucket }));
      expect(open.Uploads ?? []).toEqual([]);
    });

    test('the parts of a multipart upload come back in order, whole and by ranges', async () => {
      const Key = 'parts';
      const bytes = randomBytes(PART_BYTES_MIN + 1_000);
      const { UploadId } = await s3().send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const upload = async (PartNumber: number, Body: Buffer) => {
        const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
        return { PartNumber, ETag: (await s3().send(part)).ETag };
      };
      const last = await upload(2, bytes.subarray(PART_BYTES_MIN));
      const Parts = [await upload(1, bytes.subarray(0, PART_BYTES_MIN)), last];
      const MultipartUpload = { Parts };
      await s3().send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }),
      );
      const read = async (Range?: string) => {
        const { Body } = await s3().send(
          new GetObjectCommand({ Bucket, Key, ...(Range && { Range }) }),
        );
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      };
      expect((await read()).equals(bytes)).toBe(true);
      const border = { from: PART_BYTES_MIN - 3, to: PART_BYTES_MIN + 3 };
      const across = await read(`bytes=${border.from}-${border.to - 1}`);
      expect(across.equals(bytes.subarray(border.from, border.to))).toBe(true);
      await expect(read(`bytes=${bytes.length}-`)).rejects.toMatchObject({ name: 'InvalidRange' });
    });

    // The check values of the CRC catalogue, and of `printf 123456789 | sha256sum`.
    test.each([
      ['CRC32', 'ChecksumCRC32', 'y/Q5Jg=='],
      ['CRC32C', 'ChecksumCRC32C', '4waSgw=='],
      ['CRC64NVME', 'ChecksumCRC64NVME', 'rosUhgp5mIg='],
      ['SHA256', 'ChecksumSHA256', 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU='],
    ] as const)('HEAD returns the %s that was sent', async (ChecksumAlgorithm, field, expected) => {
      const Key = `checksum-${ChecksumAlgorithm}`;
      await put(Key, { Body: '123456789', ChecksumAlgorithm });
      const head = await s3().send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      expect(head).toMatchObject({ ChecksumType: 'FULL_OBJECT', [field]: expected });
    });

    test('a body that does not match its checksum is refused', async () => {
      const bad = put('bad-checksum', { ChecksumCRC32: 'AAAAAA==' });
      await expect(bad).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
      await expect(get('bad-checksum')).rejects.toMatchObject({ name: 'NoSuchKey' });
    });

    test('tags belong to one version', async () => {
      const { VersionId } = await put('tags');
      await put('tags', { Body: 'second' });
      const TagSet = [{ Key: 'mithril', Value: 'verified' }];
      const tagging = { Bucket, Key: 'tags', VersionId, Tagging: { TagSet } };
      await s3().send(new PutObjectTaggingCommand(tagging));
      const read = (version: { VersionId?: string | undefined }) =>
        s3().send(new GetObjectTaggingCommand({ Bucket, Key: 'tags', ...version }));
      expect((await read({ VersionId })).TagSet).toEqual(TagSet);
      expect((await read({})).TagSet).toEqual([]);
    });
  });

  describe('DynamoDB', () => {
    const dynamo = () => new DynamoDBClient(clientConfig(stack.endpoint()));
    const keyOf = (id: string) => ({ pk: { S: id }, sk: { S: 'row' } });
    const create = (id: string) =>
      new PutItemCommand({
        TableName,
        Item: { ...keyOf(id), version: { N: '1' } },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
    const read = (id: string) =>
      dynamo().send(new GetItemCommand({ TableName, Key: keyOf(id), ConsistentRead: true }));

    beforeAll(async () => {
      const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
      await dynamo().send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [attribute('pk'), attribute('sk')],
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
        }),
      );
    });

    test('a conditional put tells the loser what is there', async () => {
      await dynamo().send(create('put'));
      await expect(dynamo().send(create('put'))).rejects.toMatchObject({
        name: 'ConditionalCheckFailedException',
        Item: { version: { N: '1' } },
      });
    });

    test('of many updates of one version, one wins', async () => {
      await dynamo().send(create('update'));
      const update = new UpdateItemCommand({
        TableName,
        Key: keyOf('update'),
        UpdateExpression: 'SET version = :next',
        ConditionExpression: 'version = :seen',
        ExpressionAttributeValues: { ':next': { N: '2' }, ':seen': { N: '1' } },
      });
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => dynamo().send(update)),
      );
      expect(results.filter((it) => it.status === 'fulfilled')).toHaveLength(1);
      expect((await read('update')).Item?.['version']).toEqual({ N: '2' });
    });

    test('a transaction writes all or nothing, and names the item that refused', async () => {
      await dynamo().send(create('taken'));
      const items = (id: string) => [id, 'taken'].map((it) => ({ Put: create(it).input }));
      const write = dynamo().send(
        new TransactWriteItemsCommand({
          TransactItems: items('new').map(({ Put }) => ({
            Put: { TableName, Item: Put.Item, ConditionExpression: Put.ConditionExpression },
          })),
        }),
      );
      const refused = await write.catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(TransactionCanceledException);
      expect(refused).toMatchObject({
        CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
      });
      expect((await read('new')).Item).toBeUndefined();
    });

    test('a query by prefix returns the rows in order, newest first when asked', async () => {
      for (const step of ['0002', '0010', '0001']) {
        const Item = { pk: { S: 'series' }, sk: { S: step } };
        await dynamo().send(new PutItemCommand({ TableName, Item }));
      }
      const { Items } = await dynamo().send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk < :step',
          ExpressionAttributeValues: { ':pk': { S: 'series' }, ':step': { S: '0010' } },
          ScanIndexForward: false,
          Limit: 1,
        }),
      );
      expect(Items?.map((it) => it['sk']?.S)).toEqual(['0002']);
    });
  });
});
