import type { EncodeResult } from '../../contracts/checkpoint-documents.ts';
import { DEADLINE_RESERVE_MS } from '../../contracts/limits.ts';
import type { ReadResult } from '../../ports/object-store.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';

/** What the workers of a batch have in common, whether they encode or verify. */

/** The segments of a batch, by number. */
export const segmentsOf = (batch: {
  readonly segmentFirst: number;
  readonly segmentCount: number;
}): readonly number[] =>
  Array.from({ length: batch.segmentCount }, (_, index) => batch.segmentFirst + index);

/** Stops before the time of the worker runs out; what was stored so far is found again. */
export const requireTime = (
  context: Pick<CheckpointContext, 'remainingMs'>,
  subject: string,
): void => {
  const remainingMs = context.remainingMs();
  if (remainingMs < DEADLINE_RESERVE_MS) {
    throw new CheckpointFault('DeadlineReached', subject, {
      message: `${remainingMs} ms are left`,
      retryable: true,
    });
  }
};

export const sourceFailure = (
  read: Exclude<ReadResult, { readonly kind: 'read' }>,
): Extract<EncodeResult, { readonly reason: string }> =>
  read.kind === 'absent'
    ? { kind: 'source-gone', reason: 'The object version was deleted.' }
    : { kind: 'source-changed', reason: 'The object was overwritten.' };
