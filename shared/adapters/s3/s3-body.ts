import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { type ObjectReference, ObjectStoreError } from '../../ports/object-store.ts';

export interface BodyTarget {
  readonly bytes: Buffer;
  /** Where in `bytes` the first wanted byte of the body goes. */
  readonly from: number;
  /** Bytes of the body that stand before the first wanted one. */
  readonly skip: number;
}

export interface BodyProgress {
  /** Bytes of the target that are filled now. */
  readonly filled: number;
  /** Why the body broke off, or null. */
  readonly cause: unknown;
}

/** Copies the body to its place as it arrives: one buffer, never a list of chunks to join. */
export async function fillFromBody(
  answer: GetObjectCommandOutput,
  target: BodyTarget,
): Promise<BodyProgress> {
  let filled = target.from;
  let skip = target.skip;
  try {
    for await (const chunk of chunksOf(answer)) {
      const wanted = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - wanted.length;
      const taken = wanted.subarray(0, target.bytes.length - filled);
      target.bytes.set(taken, filled);
      filled += taken.length;
      if (filled === target.bytes.length && taken.length < wanted.length) break;
    }
    return { filled, cause: null };
  } catch (cause) {
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

/** An unread body would hold its connection of the pool. */
export function destroyBody(answer: GetObjectCommandOutput): void {
  const body = answer.Body;
  if (body !== undefined && 'destroy' in body) body.destroy();
}

export function shortRead(
  subject: ObjectReference,
  progress: BodyProgress,
  expected: number,
): ObjectStoreError {
  const message = `the body ended after ${progress.filled} of ${expected} bytes`;
  const { cause } = progress;
  return new ObjectStoreError('ShortRead', subject, { message, retryable: true, cause });
}
