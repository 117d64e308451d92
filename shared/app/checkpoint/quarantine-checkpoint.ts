import type { QuarantineInput, SettleOutput } from '../../contracts/checkpoint-states.ts';
import type { CheckpointContext } from './context.ts';
import { logUseCase } from './log-use-case.ts';
import { runOf } from './plan-documents.ts';
import { settleCheckpoint } from './settle-checkpoint.ts';

/** Sets a checkpoint aside: it cannot be compressed, or what was stored is not equal to it. */
export const quarantineCheckpoint = (
  context: Pick<CheckpointContext, 'table' | 'clock' | 'log'>,
  input: QuarantineInput,
): Promise<SettleOutput> =>
  logUseCase(context, 'quarantine', { ...input }, async () => {
    const { reason } = input;
    const settled = await settleCheckpoint(context, input, { state: 'QUARANTINED', reason });
    if (settled.isNew) {
      context.log.count('CheckpointsQuarantined', 1);
    }
    return { kind: settled.kind, ...runOf(input) };
  });
