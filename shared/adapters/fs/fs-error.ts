import { type ObjectReference, ObjectStoreError } from '../../ports/object-store.ts';

const RETRYABLE_CODES: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EMFILE',
  'ENFILE',
  'ETIMEDOUT',
]);

export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'Unknown';
  return typeof error.code === 'string' ? error.code : 'Unknown';
}

/** Runs work on files; what the system refuses becomes a fault of the store. */
export async function withFaults<T>(subject: ObjectReference, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ObjectStoreError) throw cause;
    const code = systemCode(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    const retryable = RETRYABLE_CODES.has(code);
    throw new ObjectStoreError(code, subject, { message, retryable, cause });
  }
}

/** The value of a call, or null where the system says that the file is not there. */
export async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

export function invalidRange(subject: ObjectReference, message: string): ObjectStoreError {
  return new ObjectStoreError('InvalidRange', subject, { message, retryable: false });
}
