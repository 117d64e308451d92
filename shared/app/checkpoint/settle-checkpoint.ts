import type { CheckpointState } from '../../contracts/checkpoint-catalogue.ts';
import type { Run } from '../../contracts/checkpoint-keys.ts';
import type { SettleOutput } from '../../contracts/checkpoint-states.ts';
import { readOwnRow, readRow, withoutContention, writeRow } from './catalogue.ts';
import type { CheckpointContext } from './context.ts';
import { runOf } from './plan-documents.ts';

export interface Settlement {
  readonly state: Extract<CheckpointState, 'QUARANTINED' | 'SUPERSEDED' | 'GONE'>;
  readonly reason: string;
}

/** Ends the row with a reason, unless it is no longer this attempt's. Twice changes nothing. */
export const settleCheckpoint = (
  context: Pick<CheckpointContext, 'table' | 'clock'>,
  input: Run,
  { state, reason }: Settlement,
): Promise<SettleOutput & { readonly isNew: boolean }> => {
  const run = runOf(input);
  return withoutContention(run.checkpointId, async () => {
    const own = await readOwnRow(context, run);
    if (own === null) {
      const found = await readRow(context, run.checkpointId);
      const isSettled = found?.row.state === state && found.row.attempt === run.attempt;
      return { kind: isSettled ? 'settled' : 'stale', ...run, isNew: false };
    }
    const row = { ...own.row, state, reason, updatedMs: context.clock.nowMs() };
    const result = await writeRow(context, run.checkpointId, row, own.version);
    return result.kind === 'written' ? { kind: 'settled', ...run, isNew: true } : null;
  });
};
