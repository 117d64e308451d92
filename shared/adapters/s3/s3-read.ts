import {
  type ByteRange,
  type ObjectReference,
  ObjectStoreError,
  type ReadResult,
} from '../../ports/object-store.ts';
import { destroyBody, fillFromBody, shortRead } from './s3-body.ts';
import type { S3Context } from './s3-context.ts';
import { headObject } from './s3-head.ts';
import { plainEtag } from './s3-names.ts';
import { openRange, openWhole } from './s3-open.ts';

/** The SDK retries until the headers are there; a body that breaks off is asked for again here. */
const BODY_TRIES_MAX = 4;

export async function readRange(
  context: S3Context,
  reference: ObjectReference,
  range: ByteRange,
): Promise<ReadResult> {
  if (range.length === 0) return readNothing(context, reference);
  const bytes = Buffer.allocUnsafe(range.length);
  let pinned = reference;
  let filled = 0;
  for (let tries = 1; ; tries += 1) {
    const rest = { offset: range.offset + filled, length: range.length - filled };
    const opened = await openRange(context, pinned, rest);
    if (opened.kind !== 'open') return opened;
    const { answer, skip } = opened;
    const progress = await fillFromBody(answer, { bytes, from: filled, skip });
    filled = progress.filled;
    if (filled === range.length) return { kind: 'read', bytes };
    if (tries === BODY_TRIES_MAX) throw shortRead(reference, progress, range.length);
    // What follows a broken body must come from the same object, asked for or not.
    const etag = pinned.etag ?? answer.ETag;
    if (etag !== undefined) pinned = { ...reference, etag };
    await context.pause(tries);
  }
}

export async function readWhole(
  context: S3Context,
  reference: ObjectReference,
  bytesMax: number,
): Promise<ReadResult> {
  for (let tries = 1; ; tries += 1) {
    const opened = await openWhole(context, reference);
    if (opened.kind !== 'open') return opened;
    const length = opened.answer.ContentLength ?? 0;
    if (length > bytesMax) {
      destroyBody(opened.answer);
      const message = `${length} bytes, at most ${bytesMax} are read at once`;
      throw new ObjectStoreError('ObjectTooLarge', reference, { message, retryable: false });
    }
    const bytes = Buffer.allocUnsafe(length);
    // The SDK compares S3's checksum at the end of the body: a wrong one is a cause, too.
    const progress = await fillFromBody(opened.answer, { bytes, from: 0, skip: 0 });
    if (progress.cause === null && progress.filled === length) return { kind: 'read', bytes };
    if (tries === BODY_TRIES_MAX) throw shortRead(reference, progress, length);
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
