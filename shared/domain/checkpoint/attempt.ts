import type { CheckpointRow } from '../../contracts/checkpoint-catalogue.ts';
import { ATTEMPTS_MAX } from '../../contracts/limits.ts';

/** State of an execution, as the Workflow port tells it. */
export type ExecutionState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed' | 'timed-out' | 'aborted'; readonly reason: string };

export type AttemptVerdict =
  | { readonly kind: 'leave' }
  | { readonly kind: 'advance'; readonly reason: string }
  | { readonly kind: 'give-up'; readonly reason: string };

/**
 * What to do with a STARTED row whose execution name is taken. A run that succeeded without
 * ending its row did not do its work, whatever it says: the row decides.
 */
export const judgeAttempt = (row: CheckpointRow, status: ExecutionState): AttemptVerdict => {
  if (status.kind === 'running' || status.kind === 'absent') {
    return { kind: 'leave' };
  }
  const reason =
    status.kind === 'succeeded'
      ? 'The execution succeeded, but left the checkpoint unfinished.'
      : `The execution ${status.kind.replace('-', ' ')}: ${status.reason}`;
  return row.attempt < ATTEMPTS_MAX ? { kind: 'advance', reason } : { kind: 'give-up', reason };
};
