import { DEDUP_STAGE_MIB, type WorkStage } from '../../contracts/dedup-limits.ts';
import { computeUsd, PRICES } from '../cost/prices.ts';

/** How a job was divided. */
export interface JobDivision {
  readonly inputs: number;
  readonly tasks: number;
  readonly buckets: number;
  readonly bins: number;
}

/** What a stage did, or is thought to do. */
export interface StageWork {
  readonly stage: WorkStage;
  /** Of all calls together, as Lambda bills them. */
  readonly seconds: number;
}

/** Of one child: the state, its end, and the child itself. */
const TRANSITIONS_PER_CALL = 4;
const OBJECTS_PER_LIST = 1_000;
const GETS_PER_CALL = 3;
const PUTS_PER_CALL = 2;

export const callsOf = ({ inputs, tasks, buckets, bins }: JobDivision) =>
  ({
    plan: 1,
    hash: tasks,
    gather: 1,
    bucket: buckets,
    stitch: 1,
    shingle: bins === 0 ? 0 : tasks,
    verify: bins,
    filter: inputs,
    report: 1,
  }) as const satisfies Readonly<Record<WorkStage, number>>;

/** Reads besides those that every call makes. */
const readsOf = ({ inputs, tasks, buckets, bins }: JobDivision) =>
  ({
    plan: inputs / OBJECTS_PER_LIST,
    hash: 0,
    gather: 2 * tasks,
    bucket: tasks * buckets,
    stitch: 2 * buckets,
    shingle: 0,
    verify: 3 * tasks * bins,
    filter: 3 * tasks * bins,
    report: bins + inputs,
  }) as const satisfies Readonly<Record<WorkStage, number>>;

/** Dollars of one stage; formulas: docs/dedup-job.md. */
export function costOfStage({ stage, seconds }: StageWork, division: JobDivision): number {
  const calls = callsOf(division)[stage];
  const gets = readsOf(division)[stage] + GETS_PER_CALL * calls;
  return (
    computeUsd(seconds, DEDUP_STAGE_MIB[stage]) +
    gets * PRICES.s3Get +
    calls *
      (PUTS_PER_CALL * PRICES.s3Put +
        PRICES.lambdaRequest +
        TRANSITIONS_PER_CALL * PRICES.stateTransition)
  );
}
