import {
  chooseByKind,
  distributedMap,
  invoke,
  type States,
  UNKNOWN_ANSWER,
  unknownAnswerState,
} from './state-language.ts';
import type { Worker } from './worker.ts';

export interface CheckpointSteps extends Readonly<Record<string, Worker>> {
  readonly plan: Worker;
  readonly encode: Worker;
  readonly commit: Worker;
  readonly verify: Worker;
  readonly publish: Worker;
  readonly quarantine: Worker;
  readonly end: Worker;
}

/** Payloads: shared/contracts/checkpoint-states.ts. */
export function defineCheckpointStates(
  partition: string,
  steps: CheckpointSteps,
  concurrencyMax: number,
): States {
  const call = (worker: Worker, next: string, payload?: Readonly<Record<string, unknown>>) =>
    invoke({ partition, ...worker.target, next, ...(payload === undefined ? {} : { payload }) });
  const map = (label: string, worker: Worker, next: string) =>
    distributedMap({
      label,
      partition,
      items: '$.batches',
      worker: worker.target,
      concurrencyMax,
      next,
    });
  const run = { 'checkpointId.$': '$.checkpointId', 'attempt.$': '$.attempt' };
  const manifest = { 'manifestSha256.$': '$.manifestSha256' };
  const exits = { quarantine: 'Quarantine', ended: 'End' };
  return {
    Plan: call(steps.plan, 'IsPlanned'),
    IsPlanned: chooseByKind({ planned: 'Encode', ...exits }),
    Encode: map('Encode', steps.encode, 'Commit'),
    Commit: call(steps.commit, 'IsCommitted', run),
    IsCommitted: chooseByKind({ committed: 'Verify', ended: 'End' }),
    Verify: map('Verify', steps.verify, 'Publish'),
    Publish: call(steps.publish, 'IsVerified', { ...run, ...manifest }),
    IsVerified: chooseByKind({ verified: 'Done', stale: 'Done', quarantine: 'Quarantine' }),
    Quarantine: call(steps.quarantine, 'Done'),
    End: call(steps.end, 'Done'),
    Done: { Type: 'Succeed' },
    [UNKNOWN_ANSWER]: unknownAnswerState,
  };
}
