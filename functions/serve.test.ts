import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RETRYABLE_FAULT } from '../shared/contracts/faults.ts';
import { ObjectStoreError } from '../shared/ports/object-store.ts';
import { serve } from './serve.ts';

const invocation = { getRemainingTimeInMillis: () => 1_000 };
const schema = z.strictObject({ part: z.number() });
const fault = (retryable: boolean) =>
  new ObjectStoreError('SlowDown', { bucket: 'b', key: 'k' }, { message: 'busy', retryable });

const failWith = (error: unknown) =>
  serve(
    schema,
    () => null,
    async () => {
      throw error;
    },
  )({ part: 1 }, invocation);

describe('a handler', () => {
  it('gives the parsed event and the time that is left to the use case', async () => {
    const handler = serve(
      schema,
      (remainingMs) => ({ remainingMs }),
      async (context, input) => [context.remainingMs(), input.part],
    );
    await expect(handler({ part: 7 }, invocation)).resolves.toEqual([1_000, 7]);
  });

  it('refuses an event that does not fit, by an error that is not retried', async () => {
    const handler = serve(
      schema,
      () => null,
      async () => 'done',
    );
    await expect(handler({ part: '7' }, invocation)).rejects.toMatchObject({ name: 'ZodError' });
  });

  it('names a retryable fault so that the state machine retries it', async () => {
    await expect(failWith(fault(true))).rejects.toMatchObject({
      name: RETRYABLE_FAULT,
      message: expect.stringContaining('SlowDown'),
      cause: expect.any(ObjectStoreError),
    });
  });

  it('passes on every other fault under its own name', async () => {
    await expect(failWith(fault(false))).rejects.toMatchObject({ name: 'ObjectStoreError' });
    await expect(failWith(new TypeError('bug'))).rejects.toMatchObject({ name: 'TypeError' });
  });
});
