import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import {
  type ByteRange,
  type ObjectReference,
  ObjectStoreError,
} from '../../ports/object-store.ts';
import { destroyBody } from './s3-body.ts';
import type { S3Context } from './s3-context.ts';
import { attempt, classifyS3Failure, toObjectStoreError } from './s3-error.ts';
import { ifMatch, locate } from './s3-names.ts';

/** An open body must be read or destroyed. */
export type OpenedBody =
  | { readonly kind: 'absent' | 'changed' }
  | {
      readonly kind: 'open';
      readonly answer: GetObjectCommandOutput;
      /** Bytes of the body before the first one asked for. */
      readonly skip: number;
    };

export async function openWhole(
  context: S3Context,
  reference: ObjectReference,
): Promise<OpenedBody> {
  return get(context, reference, { ChecksumMode: 'ENABLED' });
}

/**
 * HTTP lets a server answer a range with the whole object. MiniStack does so whenever a version
 * is named, which would move the object once for every range of it: from then on a range with a
 * known ETag is asked for without the version first. The same ETag means the same bytes, and an
 * object that was overwritten since is read by its version after all.
 */
export async function openRange(
  context: S3Context,
  reference: ObjectReference,
  range: ByteRange,
): Promise<OpenedBody> {
  const wanted = { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
  const { bucket, key, etag, versionId } = reference;
  const canDropVersion = etag !== undefined && versionId !== undefined && versionId !== null;
  if (canDropVersion && context.learned.ignoresRangeOfVersion) {
    const current = await get(context, { bucket, key, etag }, wanted);
    if (current.kind === 'open') return checkLength(reference, current.answer, range);
  }
  const opened = await get(context, reference, wanted);
  if (opened.kind !== 'open') return opened;
  const isWhole = opened.answer.ContentRange === undefined;
  if (isWhole && canDropVersion && !context.learned.ignoresRangeOfVersion) {
    context.learned.ignoresRangeOfVersion = true;
    destroyBody(opened.answer);
    return openRange(context, reference, range);
  }
  return checkLength(reference, opened.answer, range);
}

/** S3 cuts a range at the end of the object: the caller's idea of its size was wrong. */
function checkLength(
  reference: ObjectReference,
  answer: GetObjectCommandOutput,
  range: ByteRange,
): OpenedBody {
  const offered = answer.ContentLength ?? 0;
  const isWhole = answer.ContentRange === undefined;
  const skip = isWhole ? range.offset : 0;
  const isRight = isWhole ? offered >= skip + range.length : offered === range.length;
  if (isRight) return { kind: 'open', answer, skip };
  destroyBody(answer);
  const message = `${range.length} bytes from ${range.offset} asked for, ${offered} offered`;
  throw new ObjectStoreError('InvalidRange', reference, { message, retryable: false });
}

async function get(
  context: S3Context,
  reference: ObjectReference,
  what: { Range: string } | { ChecksumMode: 'ENABLED' },
): Promise<OpenedBody> {
  const input = {
    ...locate(reference),
    ...context.owner,
    ...ifMatch(reference.etag),
    ...what,
  };
  const result = await attempt(() => context.client.send(new GetObjectCommand(input)));
  if (result.kind === 'answer') return { kind: 'open', answer: result.answer, skip: 0 };
  const outcome = classifyS3Failure(result.failure);
  if (outcome === 'absent' || outcome === 'changed') return { kind: outcome };
  throw toObjectStoreError(result.failure, reference, result.cause);
}
