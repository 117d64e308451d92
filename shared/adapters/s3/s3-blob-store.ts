import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type BlobCheck,
  type BlobRead,
  type BlobReference,
  type BlobStore,
  BlobStoreError,
  type ListedBlob,
  type StagedBlob,
} from '../../ports/blob-store.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { type BlobPlace, blobKey, blobPrefix, checksumOf, sendForBlob } from './s3-blob-names.ts';

export interface S3BlobStoreOptions extends BlobPlace {
  /** A body is held in memory; larger ones go to S3 by a link. */
  readonly bodyBytesMax: number;
}

/**
 * Blobs as objects `<prefix><namespace>/<2 hex>/<digest>`, as they are: a link gives them to a reader
 * without passing through us. S3 itself compares each one with its digest when it is written.
 */
export function createS3BlobStore(client: S3Client, options: S3BlobStoreOptions): BlobStore {
  const locate = ({ namespace, digest }: Pick<BlobReference, 'namespace' | 'digest'>) => ({
    Bucket: options.bucket,
    Key: blobKey(options, namespace, digest),
  });
  const check = (reference: BlobReference): Promise<BlobCheck> =>
    checkBlob(client, reference, locate(reference));
  return {
    stage: async (namespace, body) => {
      const bytes = await collect(body, options.bodyBytesMax);
      const digest = createHash('sha256').update(bytes).digest('hex');
      return stagedBlob(client, locate({ namespace, digest }), digest, bytes);
    },
    read: async (reference, range) => {
      if (reference.bytes <= options.bodyBytesMax) {
        return readWhole(client, reference, range, locate(reference));
      }
      const checked = await check(reference);
      if (checked !== 'sound') return { kind: checked };
      return { kind: 'stream', body: streamBlob(client, range, locate(reference)) };
    },
    check,
    has: async (namespace, digest) => (await head(client, locate({ namespace, digest }))) !== null,
    remove: async (namespace, digest) => {
      await sendForBlob(() => client.send(new DeleteObjectCommand(locate({ namespace, digest }))));
    },
    list: (namespace) => listBlobs(client, options, namespace),
  };
}

interface ObjectPlace {
  readonly Bucket: string;
  readonly Key: string;
}

async function collect(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > bytesMax) {
      const message = `at most ${bytesMax} bytes are held`;
      throw new BlobStoreError('TooLarge', { message, retryable: false });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function stagedBlob(
  client: S3Client,
  place: ObjectPlace,
  digest: string,
  bytes: Buffer,
): StagedBlob {
  return {
    digest,
    bytes: bytes.length,
    commit: async () => {
      const command = new PutObjectCommand({
        ...place,
        Body: bytes,
        ContentType: 'application/octet-stream',
        ChecksumSHA256: checksumOf(digest),
      });
      await sendForBlob(() => client.send(command));
    },
    discard: async () => undefined,
  };
}

const head = (client: S3Client, place: ObjectPlace) =>
  sendForBlob(() => client.send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' })));

/** S3 compared the bytes with this checksum when it took them, and keeps them as they were. */
async function checkBlob(
  client: S3Client,
  { digest, bytes }: BlobReference,
  place: ObjectPlace,
): Promise<BlobCheck> {
  const found = await head(client, place);
  if (found === null) return 'absent';
  const isRight = found.ContentLength === bytes && found.ChecksumSHA256 === checksumOf(digest);
  return isRight ? 'sound' : 'damaged';
}

async function readWhole(
  client: S3Client,
  { digest, bytes }: BlobReference,
  range: ByteRange | null,
  place: ObjectPlace,
): Promise<BlobRead> {
  const found = await sendForBlob(() => client.send(new GetObjectCommand(place)));
  if (found === null) return { kind: 'absent' };
  const whole = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  const isRight = createHash('sha256').update(whole).digest('hex') === digest;
  if (whole.length !== bytes || !isRight) return { kind: 'damaged' };
  if (range === null) return { kind: 'whole', bytes: whole };
  return { kind: 'whole', bytes: whole.subarray(range.offset, range.offset + range.length) };
}

async function* streamBlob(
  client: S3Client,
  range: ByteRange | null,
  place: ObjectPlace,
): AsyncGenerator<Uint8Array> {
  const part =
    range === null ? {} : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
  const found = await sendForBlob(() => client.send(new GetObjectCommand({ ...place, ...part })));
  const body = found?.Body;
  if (body === undefined || !(Symbol.asyncIterator in body)) {
    throw new BlobStoreError('NoSuchKey', { message: 'it went meanwhile', retryable: true });
  }
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('the body is not a stream of bytes');
    yield piece;
  }
}

async function* listBlobs(
  client: S3Client,
  place: BlobPlace,
  namespace: string,
): AsyncGenerator<ListedBlob> {
  const where = { Bucket: place.bucket, Prefix: blobPrefix(place, namespace) };
  for (let token: string | undefined; ; ) {
    const more = token === undefined ? {} : { ContinuationToken: token };
    const page = await sendForBlob(() =>
      client.send(new ListObjectsV2Command({ ...where, ...more })),
    );
    for (const { Key = '', Size = 0, LastModified } of page?.Contents ?? []) {
      const digest = Key.slice(Key.lastIndexOf('/') + 1);
      if (!/^[0-9a-f]{64}$/u.test(digest)) continue;
      yield { digest, storedBytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
    }
    token = page?.NextContinuationToken;
    if (token === undefined) return;
  }
}
