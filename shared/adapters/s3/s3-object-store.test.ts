import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createS3ObjectStore } from './s3-object-store.ts';

const client = new S3Client({ region: 'us-east-1' });
const mock = mockClient(client);
const pauses: number[] = [];
const store = createS3ObjectStore(client, { pause: async (tries) => void pauses.push(tries) });
const reference = { bucket: 'b', key: 'k' };

beforeEach(() => {
  mock.reset();
  pauses.length = 0;
});

function failed(name: string, httpStatusCode: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode, attempts: 1 } });
}

/** A body of these chunks; with an error it breaks off after them. */
function bodyOf(chunks: readonly string[], error?: Error) {
  const stream = Readable.from(
    (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
      if (error !== undefined) throw error;
    })(),
  );
  return Object.assign(stream, {
    transformToByteArray: async () => new Uint8Array(),
    transformToString: async () => '',
    transformToWebStream: () => {
      throw new Error('not used');
    },
  });
}

const part = (chunks: readonly string[], length: number, error?: Error) => ({
  Body: bodyOf(chunks, error),
  ContentLength: length,
  ContentRange: 'bytes',
  ETag: '"e1"',
});

describe('reading a range', () => {
  it('goes on where a body broke off, and only in the same object', async () => {
    mock
      .on(GetObjectCommand)
      .resolvesOnce(part(['abc'], 10, failed('Error', 200)))
      .resolvesOnce(part(['defg'], 7))
      .resolvesOnce(part(['hij'], 3));
    const read = await store.read(reference, { offset: 100, length: 10 });
    expect(read.kind === 'read' && read.bytes.toString()).toBe('abcdefghij');
    const inputs = mock.commandCalls(GetObjectCommand).map(({ args }) => args[0].input);
    expect(inputs).toMatchObject([
      { Range: 'bytes=100-109' },
      { Range: 'bytes=103-109', IfMatch: '"e1"' },
      { Range: 'bytes=107-109', IfMatch: '"e1"' },
    ]);
    expect(inputs[0]).not.toHaveProperty('IfMatch');
    expect(pauses).toEqual([1, 2]);
  });

  it('ends with a retryable fault when the body breaks off every time', async () => {
    mock.on(GetObjectCommand).callsFake(() => part([], 10));
    const read = store.read(reference, { offset: 0, length: 10 });
    await expect(read).rejects.toMatchObject({ code: 'ShortRead', retryable: true });
    expect(mock.commandCalls(GetObjectCommand)).toHaveLength(4);
  });

  it('says changed when the object was overwritten while it was read', async () => {
    mock
      .on(GetObjectCommand)
      .resolvesOnce(part(['abc'], 10))
      .rejectsOnce(failed('PreconditionFailed', 412));
    expect(await store.read(reference, { offset: 0, length: 10 })).toEqual({ kind: 'changed' });
  });

  it('asks for version and ETag together', async () => {
    mock.on(GetObjectCommand).resolves(part(['x'], 1));
    const exact = { ...reference, versionId: 'v1', etag: 'e1' };
    await store.read(exact, { offset: 0, length: 1 });
    expect(mock.commandCalls(GetObjectCommand)[0]?.args[0].input).toEqual({
      Bucket: 'b',
      Key: 'k',
      VersionId: 'v1',
      IfMatch: '"e1"',
      Range: 'bytes=0-0',
    });
  });

  it.each([
    ['NoSuchKey', 404],
    ['NoSuchVersion', 404],
    ['MethodNotAllowed', 405],
  ])('says absent of %s', async (name, status) => {
    mock.on(GetObjectCommand).rejects(failed(name, status));
    expect(await store.read(reference, { offset: 0, length: 1 })).toEqual({ kind: 'absent' });
  });

  it('never takes a missing bucket or a lost permission for a missing object', async () => {
    mock.on(GetObjectCommand).rejects(failed('NoSuchBucket', 404));
    const gone = store.read(reference, { offset: 0, length: 1 });
    await expect(gone).rejects.toMatchObject({ code: 'NoSuchBucket', retryable: false });
    mock.on(GetObjectCommand).rejects(failed('AccessDenied', 403));
    const denied = store.read(reference, { offset: 0, length: 1 });
    await expect(denied).rejects.toMatchObject({ code: 'AccessDenied', retryable: false });
    mock.on(GetObjectCommand).rejects(failed('SlowDown', 503));
    const slow = store.read(reference, { offset: 0, length: 1 });
    await expect(slow).rejects.toMatchObject({ code: 'SlowDown', retryable: true });
  });
});

describe('a server that ignores the range of a version', () => {
  const exact = { ...reference, versionId: 'v1', etag: 'e1' };
  const whole = () => ({ Body: bodyOf(['01234', '56789']), ContentLength: 10, ETag: '"e1"' });

  it('is asked by ETag from then on', async () => {
    const learner = createS3ObjectStore(client);
    mock.on(GetObjectCommand, { VersionId: 'v1' }).callsFake(whole);
    mock
      .on(GetObjectCommand, { VersionId: undefined })
      .callsFake((input: { VersionId?: string }) =>
        input.VersionId === undefined ? part(['345'], 3) : whole(),
      );
    for (let times = 0; times < 3; times += 1) {
      const read = await learner.read(exact, { offset: 3, length: 3 });
      expect(read.kind === 'read' && read.bytes.toString()).toBe('345');
    }
    const asked = mock.commandCalls(GetObjectCommand).map(({ args }) => args[0].input.VersionId);
    expect(asked).toEqual(['v1', undefined, undefined, undefined]);
  });

  it('has the range taken out of the whole when the object was overwritten', async () => {
    const learner = createS3ObjectStore(client);
    mock.on(GetObjectCommand).callsFake((input: { VersionId?: string }) => {
      if (input.VersionId === undefined) throw failed('PreconditionFailed', 412);
      return whole();
    });
    for (let times = 0; times < 2; times += 1) {
      const read = await learner.read(exact, { offset: 3, length: 4 });
      expect(read.kind === 'read' && read.bytes.toString()).toBe('3456');
    }
  });
});

describe('head', () => {
  const found = {
    ETag: '"e1"',
    ContentLength: 5,
    LastModified: new Date(1_700_000_000_400),
    VersionId: 'null',
  };

  it('takes S3\'s "null" version for none, and whole seconds for a time', async () => {
    mock.on(HeadObjectCommand).resolves({ ...found, Metadata: { step: '3' } });
    expect(await store.head(reference)).toEqual({
      kind: 'found',
      head: {
        object: {
          ...reference,
          versionId: null,
          etag: 'e1',
          bytes: 5,
          lastModifiedMs: 1_700_000_000_000,
        },
        checksum: null,
        metadata: { step: '3' },
      },
    });
  });

  it.each([
    [{ ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT' }, 'crc32', '3610a686'],
    [{ ChecksumCRC32: 'NhCmhg==' }, 'crc32', '3610a686'],
    [
      { ChecksumCRC64NVME: 'AAECAwQFBgc=', ETag: '"x-3"', ChecksumType: 'FULL_OBJECT' },
      'crc64nvme',
      '0001020304050607',
    ],
  ] as const)('reads the checksum of the whole object from %j', async (head, algorithm, value) => {
    mock.on(HeadObjectCommand).resolves({ ...found, ...head });
    const result = await store.head(reference);
    expect(result.kind === 'found' && result.head.checksum).toEqual({ algorithm, value });
  });

  it.each([
    { ChecksumCRC32: 'NhCmhg==', ChecksumType: 'COMPOSITE' },
    { ChecksumCRC32: 'NhCmhg==-2' },
    { ChecksumCRC32: 'NhCmhg==', ETag: '"x-2"' },
    { ChecksumCRC32: 'NhCm' },
    { ChecksumSHA256: 'NhCmhg==' },
  ] as const)('does not take %j for a checksum of the whole object', async (head) => {
    mock.on(HeadObjectCommand).resolves({ ...found, ...head });
    const result = await store.head(reference);
    expect(result.kind === 'found' && result.head.checksum).toBeNull();
  });

  it.each([
    [{ StorageClass: 'GLACIER' }, 'unreadable'],
    [{ StorageClass: 'DEEP_ARCHIVE', Restore: 'ongoing-request="true"' }, 'unreadable'],
    [{ StorageClass: 'GLACIER', Restore: 'ongoing-request="false", expiry-date="x"' }, 'found'],
    [{ StorageClass: 'GLACIER_IR' }, 'found'],
    [{ StorageClass: 'INTELLIGENT_TIERING', ArchiveStatus: 'ARCHIVE_ACCESS' }, 'unreadable'],
  ] as const)('calls an object with %j %s', async (head, kind) => {
    mock.on(HeadObjectCommand).resolves({ ...found, ...head });
    expect((await store.head(reference)).kind).toBe(kind);
  });

  it('asks by GET what a refused HEAD was about', async () => {
    mock.on(HeadObjectCommand).rejects(failed('Forbidden', 403));
    mock.on(GetObjectCommand).rejects(failed('AccessDenied', 403, 'no kms:Decrypt for you'));
    expect(await store.head(reference)).toMatchObject({ kind: 'unreadable' });
    mock.on(GetObjectCommand).rejects(failed('AccessDenied', 403, 'no s3:GetObject'));
    await expect(store.head(reference)).rejects.toMatchObject({ code: 'AccessDenied' });
    mock.on(GetObjectCommand).rejects(failed('NoSuchKey', 404));
    expect(await store.head(reference)).toEqual({ kind: 'absent' });
  });

  it('sees a missing bucket behind 404, and customer keys behind 400', async () => {
    mock.on(HeadObjectCommand).rejects(failed('NotFound', 404));
    mock.on(GetObjectCommand).rejects(failed('NoSuchBucket', 404));
    await expect(store.head(reference)).rejects.toMatchObject({ code: 'NoSuchBucket' });
    mock.on(HeadObjectCommand).rejects(failed('BadRequest', 400));
    const message = 'The object was stored using a form of Server Side Encryption.';
    mock.on(GetObjectCommand).rejects(failed('InvalidRequest', 400, message));
    expect(await store.head(reference)).toMatchObject({ kind: 'unreadable' });
  });
});

describe('writing', () => {
  const bytes = Buffer.from('x');

  it('says exists for 412, and tries a conflict again until it is decided', async () => {
    mock
      .on(PutObjectCommand)
      .rejectsOnce(failed('ConditionalRequestConflict', 409))
      .rejectsOnce(failed('ConditionalRequestConflict', 409))
      .rejectsOnce(failed('PreconditionFailed', 412));
    expect(await store.write(reference, bytes, { ifAbsent: true })).toEqual({ kind: 'exists' });
    expect(pauses).toEqual([1, 2]);
    expect(mock.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'CRC32',
    });
  });

  it('ends with a retryable fault when the conflict never ends', async () => {
    mock.on(PutObjectCommand).rejects(failed('ConditionalRequestConflict', 409));
    const write = store.write(reference, bytes, { ifAbsent: true });
    await expect(write).rejects.toMatchObject({
      code: 'ConditionalRequestConflict',
      retryable: true,
    });
    expect(mock.commandCalls(PutObjectCommand)).toHaveLength(6);
  });

  it('does not call a missing bucket absent', async () => {
    mock.on(PutObjectCommand).rejects(failed('NoSuchBucket', 404));
    const write = store.write(reference, bytes, { ifAbsent: false });
    await expect(write).rejects.toMatchObject({ code: 'NoSuchBucket', retryable: false });
  });
});

describe('listing', () => {
  it('decodes keys once, and goes on after the last version', async () => {
    const entry = { ETag: '"e"', Size: 1, VersionId: 'v1', IsLatest: true };
    mock
      .on(ListObjectVersionsCommand)
      .resolvesOnce({
        EncodingType: 'url',
        IsTruncated: true,
        NextKeyMarker: 'a%252Fb+c',
        NextVersionIdMarker: 'v1',
        Versions: [{ ...entry, Key: 'a%252Fb+c' }],
        DeleteMarkers: [{ Key: 'gone', VersionId: 'd1' }],
      })
      .resolvesOnce({
        EncodingType: 'url',
        Versions: [{ ...entry, Key: 'd%0A', IsLatest: false }],
      });
    const first = await store.listPage('b', 'a', null);
    expect(first.versions.map((item) => item.object.key)).toEqual(['a%2Fb c']);
    const second = await store.listPage('b', 'a', first.cursor);
    expect(second).toMatchObject({
      versions: [{ object: { key: 'd\n' }, isCurrent: false }],
      cursor: null,
    });
    expect(mock.commandCalls(ListObjectVersionsCommand)[1]?.args[0].input).toMatchObject({
      KeyMarker: 'a%2Fb c',
      VersionIdMarker: 'v1',
      Prefix: 'a',
    });
  });
});
