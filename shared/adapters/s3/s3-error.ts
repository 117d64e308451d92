import { type ObjectReference, ObjectStoreError } from '../../ports/object-store.ts';
import { describeFailure, type ServiceFailure } from '../aws/service-failure.ts';

/** An answer of S3 that is not a fault, whatever the call. */
export type S3Outcome = 'absent' | 'changed' | 'conflict' | 'fault';

/** `NoSuchBucket` is also a 404, but a wrong configuration and never a missing object. */
export function classifyS3Failure(failure: ServiceFailure): S3Outcome {
  if (failure.code === 'NoSuchBucket' || failure.code === 'NoSuchUpload') return 'fault';
  if (failure.status === 412 || failure.code === 'PreconditionFailed') return 'changed';
  if (failure.status === 404) return 'absent';
  // A version that is a delete marker answers 405 to GET and HEAD.
  if (failure.status === 405) return 'absent';
  if (failure.code === 'ConditionalRequestConflict') return 'conflict';
  return 'fault';
}

/** Why an object that is there can never be read by us, or null where that is not what was said. */
export function explainUnreadable(failure: ServiceFailure): string | null {
  if (failure.code === 'InvalidObjectState')
    return 'the object is archived; restore it in S3 first';
  if (failure.code.startsWith('KMS.') || /\bkms:/iu.test(failure.message)) {
    return `its KMS key may not be used: ${failure.message}`;
  }
  const isCustomerKey = /server side encryption|customer.*(?:key|algorithm)/iu.test(
    failure.message,
  );
  if (failure.status === 400 && isCustomerKey) {
    return 'the object is encrypted with a customer-provided key (SSE-C), which we do not have';
  }
  return null;
}

export function toObjectStoreError(
  failure: ServiceFailure,
  subject: ObjectReference,
  cause: unknown,
): ObjectStoreError {
  const status = failure.status === null ? '' : ` (HTTP ${failure.status})`;
  const message = `${failure.message || 'no message'}${status}`;
  return new ObjectStoreError(failure.code, subject, {
    message,
    retryable: failure.retryable,
    cause,
  });
}

/** Sends a request; a failure comes back as data so that the caller decides what it means. */
export async function attempt<T>(
  send: () => Promise<T>,
): Promise<
  | { readonly kind: 'answer'; readonly answer: T }
  | { readonly kind: 'failure'; readonly failure: ServiceFailure; readonly cause: unknown }
> {
  try {
    return { kind: 'answer', answer: await send() };
  } catch (cause) {
    return { kind: 'failure', failure: describeFailure(cause), cause };
  }
}
