import type { VerifiedFacts } from '../../contracts/checkpoint-catalogue.ts';
import type { WorkMetrics } from '../../contracts/checkpoint-documents.ts';
import { LAMBDA_MIB_PER_VCPU, SEGMENT_CONCURRENCY } from '../../contracts/limits.ts';
import { computeUsd, PRICES } from './prices.ts';

/** What compressing and verifying a checkpoint took, or is thought to take. */
export interface CheckpointWork {
  readonly segments: number;
  readonly batches: number;
  /** Of encode and verify, as Lambda bills them. */
  readonly seconds: number;
  readonly hasBase: boolean;
}

export interface Cost {
  readonly computeUsd: number;
  readonly requestsUsd: number;
  readonly workflowUsd: number;
  readonly usd: number;
}

/** Of an execution, and of a batch in both Maps: the state, its end, and the child itself. */
const TRANSITIONS_PER_RUN = 10;
const TRANSITIONS_PER_BATCH = 6;
/** The segment and the note that it is done; both read again, and the original or its base. */
const PUTS_PER_SEGMENT = 2;
const GETS_PER_SEGMENT = 3;
const CALLS_PER_RUN = 4;
const CALLS_PER_BATCH = 2;

/** Formulas: docs/operations.md. */
export function costOfCheckpoint({ segments, batches, seconds, hasBase }: CheckpointWork): Cost {
  const gets = GETS_PER_SEGMENT + (hasBase ? 1 : 0);
  const compute = computeUsd(seconds, LAMBDA_MIB_PER_VCPU);
  const requests =
    segments * (PUTS_PER_SEGMENT * PRICES.s3Put + gets * PRICES.s3Get) +
    (CALLS_PER_RUN + batches * CALLS_PER_BATCH) * PRICES.lambdaRequest;
  const workflow = (TRANSITIONS_PER_RUN + batches * TRANSITIONS_PER_BATCH) * PRICES.stateTransition;
  return {
    computeUsd: compute,
    requestsUsd: requests,
    workflowUsd: workflow,
    usd: compute + requests + workflow,
  };
}

/**
 * Encode measures each segment by itself, and two of them share a worker; verify measures its
 * worker.
 */
export function billedSeconds(
  { segments, batches }: Pick<CheckpointWork, 'segments' | 'batches'>,
  encode: Pick<WorkMetrics, 'seconds'>,
  verify: Pick<WorkMetrics, 'seconds'>,
): number {
  const shared = Math.min(SEGMENT_CONCURRENCY, Math.max(1, segments / Math.max(1, batches)));
  return encode.seconds / shared + verify.seconds;
}

/** Network of one function, as others have measured it; Lambda does not document it. */
const TRANSFER_BYTES_PER_SECOND = 75e6;

/** Where the seconds are not known any more: a worker computes or waits for the network. */
export function modelledSeconds(
  facts: Pick<VerifiedFacts, 'encodeCpuSeconds' | 'verifyCpuSeconds' | 'bytesMoved'>,
): number {
  const cpuSeconds = facts.encodeCpuSeconds + facts.verifyCpuSeconds;
  return Math.max(cpuSeconds, facts.bytesMoved / TRANSFER_BYTES_PER_SECOND);
}
