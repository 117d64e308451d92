import {
  chooseByKind,
  distributedMap,
  invoke,
  type States,
  UNKNOWN_ANSWER,
  unknownAnswerState,
} from './state-language.ts';
import type { Worker } from './worker.ts';

export interface DedupSteps extends Readonly<Record<string, Worker>> {
  readonly plan: Worker;
  readonly hash: Worker;
  readonly gather: Worker;
  readonly bucket: Worker;
  readonly stitch: Worker;
  readonly shingle: Worker;
  readonly verify: Worker;
  readonly filter: Worker;
  readonly report: Worker;
}

/** Payloads: shared/contracts/dedup-states.ts. */
export function defineDedupStates(
  partition: string,
  steps: DedupSteps,
  concurrencyMax: number,
): States {
  const call = (worker: Worker, next: string, payload?: Readonly<Record<string, unknown>>) =>
    invoke({ partition, ...worker.target, next, ...(payload === undefined ? {} : { payload }) });
  const map = (label: string, worker: Worker, items: string, next: string) =>
    distributedMap({ label, partition, items, worker: worker.target, concurrencyMax, next });
  const job = { 'jobId.$': '$.jobId' };
  return {
    Plan: call(steps.plan, 'IsPlanned'),
    IsPlanned: chooseByKind({ planned: 'Hash', refused: 'Done' }),
    Hash: map('Hash', steps.hash, '$.items', 'Gather'),
    Gather: call(steps.gather, 'IsGathered', job),
    IsGathered: chooseByKind({ gathered: 'Bucket', refused: 'Done' }),
    Bucket: map('Bucket', steps.bucket, '$.items', 'Stitch'),
    Stitch: call(steps.stitch, 'IsStitched', job),
    IsStitched: chooseByKind({ stitched: 'Shingle', unique: 'Filter', refused: 'Done' }),
    Shingle: map('Shingle', steps.shingle, '$.shingle', 'Verify'),
    Verify: map('Verify', steps.verify, '$.verify', 'Filter'),
    Filter: map('Filter', steps.filter, '$.filter', 'Report'),
    Report: call(steps.report, 'IsReported', job),
    IsReported: chooseByKind({ reported: 'Done', refused: 'Done' }),
    Done: { Type: 'Succeed' },
    [UNKNOWN_ANSWER]: unknownAnswerState,
  };
}
