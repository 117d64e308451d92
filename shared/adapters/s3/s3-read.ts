import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import {
  type ByteRange,
  type ObjectReference,
  ObjectStoreError,
  type ReadResult,
} from '../../ports/object-store.ts';
import type { S3Context } from './s3-context.ts';
import { attempt, classifyS3Failure, toObjectStoreError } from './s3-error.ts';
import { headObject } from './s3-head.ts';
import { ifMatch, locate, plainEtag } from './s3-names.ts';

/** The SDK retries until the headers are there; a body that breaks off is asked for again here. */
const BODY_TRIES_MAX = 4;

type Opened =
  | { readonly kind: 'absent' | 'changed' }
  | { readonly kind: 'open'; readonly answer: GetObjectCommandOutput };

export async function readRange(
  context: S3Context,
  reference: ObjectReference,
  range: ByteRange,
): Promise<ReadResult> {
  if (range.length === 0) return readNothing(context, reference);
  const bytes = Buffer.allocUnsafe(range.length);
  let etag = reference.etag;
  let filled = 0;
  for (let tries = 1; ; tries += 1) {
    const start = range.offset + filled;
    const opened = await open(context, reference, etag, {
      Range: `bytes=${start}-${range.offset + range.length - 1}`,
    });
    if (opened.kind !== 'open') return opened;
    refuseOtherLength(reference, opened.answer, range.length - filled);
    // What follows a broken body must come from the same object, asked for or not.
    etag ??= opened.answer.ETag;
    const body = await fill(reference, opened.answer, bytes, filled);
    filled = body.filled;
    if (filled === range.length) return { kind: 'read', bytes };
    if (tries === BODY_TRIES_MAX) throw shortRead(reference, filled, range.length, body.cause);
    await context.pause(tries);
  }
}

export async function readWhole(
  context: S3Context,
  reference: ObjectReference,
  bytesMax: number,
): Promise<ReadResult> {
  for (let tries = 1; ; tries += 1) {
    const opened = await open(context, reference, reference.etag, { ChecksumMode: 'ENABLED' });
    if (opened.kind !== 'open') return opened;
    const length = opened.answer.ContentLength ?? 0;
    if (length > bytesMax) {
      await discard(opened.answer);
      const message = `${length} bytes, at most ${bytesMax} are read at once`;
      throw new ObjectStoreError('ObjectTooLarge', reference, { message, retryable: false });
    }
    const bytes = Buffer.allocUnsafe(length);
    const body = await fill(reference, opened.answer, bytes, 0);
    if (body.cause === null && body.filled === length) return { kind: 'read', bytes };
    if (tries === BODY_TRIES_MAX) throw shortRead(reference, body.filled, length, body.cause);
    await context.pause(tries);
  }
}

/** HTTP has no empty range; absent and changed must still be seen. */
async function readNothing(context: S3Context, reference: ObjectReference): Promise<ReadResult> {
  const found = await headObject(context, reference);
  if (found.kind === 'absent') return { kind: 'absent' };
  if (found.kind === 'unreadable') {
    const options = { message: found.reason, retryable: false };
    throw new ObjectStoreError('Unreadable', reference, options);
  }
  const isSame =
    reference.etag === undefined || plainEtag(reference.etag) === found.head.object.etag;
  return isSame ? { kind: 'read', bytes: Buffer.alloc(0) } : { kind: 'changed' };
}

async function open(
  context: S3Context,
  reference: ObjectReference,
  etag: string | undefined,
  what: { Range: string } | { ChecksumMode: 'ENABLED' },
): Promise<Opened> {
  const input = { ...locate(reference), ...context.owner, ...ifMatch(etag), ...what };
  const result = await attempt(() => context.client.send(new GetObjectCommand(input)));
  if (result.kind === 'answer') return { kind: 'open', answer: result.answer };
  const outcome = classifyS3Failure(result.failure);
  if (outcome === 'absent' || outcome === 'changed') return { kind: outcome };
  throw toObjectStoreError(result.failure, reference, result.cause);
}

/** S3 cuts a range at the end of the object: the caller's idea of its size is wrong. */
function refuseOtherLength(
  reference: ObjectReference,
  answer: GetObjectCommandOutput,
  expected: number,
): void {
  if (answer.ContentLength === expected) return;
  destroyBody(answer);
  const message = `${expected} bytes asked for, ${answer.ContentLength ?? 'unknown'} offered`;
  throw new ObjectStoreError('InvalidRange', reference, { message, retryable: false });
}

/** Copies the body to its place as it arrives: one buffer, never a list of chunks to join. */
async function fill(
  reference: ObjectReference,
  answer: GetObjectCommandOutput,
  target: Buffer,
  from: number,
): Promise<{ filled: number; cause: unknown }> {
  let filled = from;
  try {
    for await (const chunk of chunksOf(answer)) {
      if (filled + chunk.length > target.length) break;
      target.set(chunk, filled);
      filled += chunk.length;
    }
    return { filled, cause: null };
  } catch (cause) {
    if (cause instanceof TypeError) throw shortRead(reference, filled, target.length, cause);
    return { filled, cause };
  }
}

async function* chunksOf(answer: GetObjectCommandOutput): AsyncGenerator<Uint8Array> {
  const body = answer.Body;
  if (body === undefined) return;
  if (!(Symbol.asyncIterator in body)) throw new TypeError('the body is not a stream of Node');
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the body is not a stream of bytes');
    yield chunk;
  }
}

async function discard(answer: GetObjectCommandOutput): Promise<void> {
  destroyBody(answer);
  await Promise.resolve();
}

/** An unread body would hold its connection of the pool. */
function destroyBody(answer: GetObjectCommandOutput): void {
  const body = answer.Body;
  if (body !== undefined && 'destroy' in body) body.destroy();
}

function shortRead(
  subject: ObjectReference,
  found: number,
  expected: number,
  cause: unknown,
): ObjectStoreError {
  const message = `the body ended after ${found} of ${expected} bytes`;
  return new ObjectStoreError('ShortRead', subject, { message, retryable: true, cause });
}
