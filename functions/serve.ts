import type { z } from 'zod';
import { RETRYABLE_FAULT } from '../shared/contracts/faults.ts';
import type { RemainingMs } from '../shared/ports/clock.ts';
import { publishMetrics } from './log.ts';

/** What we use of the context that Lambda passes. */
export interface Invocation {
  getRemainingTimeInMillis(): number;
}

/** A fault that a later try may not meet; state machines know it by its name. */
class RetryableFault extends Error {
  override readonly name = RETRYABLE_FAULT;
}

const isRetryable = (error: unknown): error is Error =>
  error instanceof Error && 'retryable' in error && error.retryable === true;

/** Gives a retryable fault the name under which Step Functions retries it. */
export const nameFault = (error: unknown): unknown =>
  isRetryable(error) ? new RetryableFault(error.message, { cause: error }) : error;

export const remainingMsOf =
  (invocation: Invocation): RemainingMs =>
  () =>
    invocation.getRemainingTimeInMillis();

/** A handler: parse the event, call the use case, answer with its result. */
export const serve =
  <Schema extends z.ZodType, Context, Output>(
    schema: Schema,
    createContext: (remainingMs: RemainingMs) => Context,
    useCase: (context: Context, input: z.output<Schema>) => Promise<Output>,
  ) =>
  async (event: unknown, invocation: Invocation): Promise<Output> => {
    try {
      return await useCase(createContext(remainingMsOf(invocation)), schema.parse(event));
    } catch (error) {
      throw nameFault(error);
    } finally {
      publishMetrics();
    }
  };
