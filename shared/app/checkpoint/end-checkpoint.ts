import type { EndInput, SettleOutput } from '../../contracts/checkpoint-states.ts';
import type { CheckpointContext } from './context.ts';
import { logUseCase } from './log-use-case.ts';
import { runOf } from './plan-documents.ts';
import { settleCheckpoint } from './settle-checkpoint.ts';

/** Ends a checkpoint whose object was overwritten or deleted before it was compressed. */
export const endCheckpoint = (
  context: Pick<CheckpointContext, 'table' | 'clock' | 'log'>,
  input: EndInput,
): Promise<SettleOutput> =>
  logUseCase(context, 'end', { ...input }, async () => {
    const { state, reason } = input;
    const settled = await settleCheckpoint(context, input, { state, reason });
    return { kind: settled.kind, ...runOf(input) };
  });
