import type { z } from 'zod';
import type { CheckpointRow, VerifiedFacts } from '../../contracts/checkpoint-catalogue.ts';
import {
  type CheckpointPlan,
  encodeResultSchema,
  type VerifyResult,
  verifyResultSchema,
  type WorkMetrics,
} from '../../contracts/checkpoint-documents.ts';
import { encodeResultKey, manifestKey, verifyResultKey } from '../../contracts/checkpoint-keys.ts';
import type { PublishInput, PublishOutput } from '../../contracts/checkpoint-states.ts';
import { judgePublication } from '../../domain/checkpoint/judge-publication.ts';
import { sumMetrics } from '../../domain/checkpoint/work-metrics.ts';
import type { Manifest } from '../../ports/codec.ts';
import { readRow, rowWrite, seriesWrite, withoutContention } from './catalogue.ts';
import { isDamage } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { countVerified } from './count-verified.ts';
import { readDocument } from './documents.ts';
import { logUseCase } from './log-use-case.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { readPlan, runOf } from './plan-documents.ts';

type PublishContext = Pick<
  CheckpointContext,
  'objects' | 'table' | 'codec' | 'clock' | 'log' | 'settings'
>;

const RESULT_READS_CONCURRENT = 16;

const readResults = <Schema extends z.ZodType>(
  context: PublishContext,
  plan: CheckpointPlan,
  keyOf: (batch: number) => string,
  schema: Schema,
): Promise<z.infer<Schema>[]> =>
  mapConcurrently(plan.batches, RESULT_READS_CONCURRENT, (_, batch) =>
    readDocument(context, keyOf(batch), schema),
  );

const metricsOf = (
  results: readonly ({ readonly metrics: WorkMetrics } | { readonly kind: string })[],
): WorkMetrics =>
  sumMetrics(results.flatMap((result) => ('metrics' in result ? [result.metrics] : [])));

const storedBytesOf = (manifest: Manifest): number =>
  manifest.segments.reduce((sum, { storedBytes }) => sum + storedBytes, 0);

interface Verified {
  readonly plan: CheckpointPlan;
  readonly input: PublishInput;
  readonly manifest: Manifest;
  readonly baseChainBytes: number;
  readonly encode: WorkMetrics;
  readonly verify: WorkMetrics;
}

const factsOf = (nowMs: number, verified: Verified): VerifiedFacts => {
  const { plan, input, manifest, encode, verify } = verified;
  const bytesOut = storedBytesOf(manifest);
  return {
    manifestKey: manifestKey(runOf(input)),
    manifestSha256: input.manifestSha256,
    bytesOut,
    depth: manifest.depth,
    chainStoredBytes: bytesOut + verified.baseChainBytes,
    base: plan.base,
    verifiedMs: nowMs,
    encodeCpuSeconds: encode.cpuSeconds,
    verifyCpuSeconds: verify.cpuSeconds,
    bytesMoved: encode.bytesRead + encode.bytesWritten + verify.bytesRead + verify.bytesWritten,
  };
};

/** The row and its series entry, in one transaction. Null: another writer came between. */
const writeVerified = async (
  context: PublishContext,
  verified: Verified,
): Promise<PublishOutput | null> => {
  const { plan, input } = verified;
  const run = runOf(input);
  const found = await readRow(context, input.checkpointId);
  const bytesIn = plan.object.bytes;
  if (found === null || found.row.attempt !== input.attempt) {
    const reason = 'The checkpoint belongs to another attempt by now.';
    return { kind: 'stale', ...run, reason };
  }
  if (found.row.verified?.manifestSha256 === input.manifestSha256) {
    return { kind: 'verified', ...run, bytesIn, bytesOut: found.row.verified.bytesOut };
  }
  if (found.row.state !== 'STARTED') {
    return { kind: 'stale', ...run, reason: `The checkpoint is ${found.row.state} already.` };
  }
  const facts = factsOf(context.clock.nowMs(), verified);
  const { object, series, step } = found.row;
  const row: CheckpointRow = {
    ...found.row,
    state: 'VERIFIED',
    updatedMs: facts.verifiedMs,
    reason: plan.baseReason,
    verified: facts,
  };
  const { checkpointId } = input;
  const result = await context.table.writeAll([
    rowWrite(checkpointId, row, found.version),
    seriesWrite(series, { checkpointId, step, object, verified: facts }),
  ]);
  if (result.kind === 'conflict') {
    return null;
  }
  countVerified(context.log, verified, facts);
  return { kind: 'verified', ...run, bytesIn, bytesOut: facts.bytesOut };
};

const mismatched = (
  context: PublishContext,
  input: PublishInput,
  reason: string,
): PublishOutput => {
  context.log.count('VerifyMismatch', 1);
  return { kind: 'quarantine', ...runOf(input), reason };
};

const publishResults = async (
  context: PublishContext,
  input: PublishInput,
  plan: CheckpointPlan,
  results: readonly VerifyResult[],
): Promise<PublishOutput> => {
  const run = runOf(input);
  const reference = { manifestKey: manifestKey(run), manifestSha256: input.manifestSha256 };
  const checkpoint = await openCheckpoint(context, reference);
  const { manifest } = checkpoint.stored;
  const verdict = judgePublication(manifest, plan.checksum, results);
  if (verdict.kind === 'mismatch') {
    return mismatched(context, input, verdict.reason);
  }
  if (verdict.kind === 'ended') {
    return { ...run, ...verdict };
  }
  const keyOf = (batch: number): string => encodeResultKey(run, batch);
  const encoded = await readResults(context, plan, keyOf, encodeResultSchema);
  let baseChainBytes = 0;
  for (let base = checkpoint.base; base !== null; base = base.base) {
    baseChainBytes += storedBytesOf(base.stored.manifest);
  }
  const verified: Verified = {
    plan,
    input,
    manifest,
    baseChainBytes,
    encode: metricsOf(encoded),
    verify: metricsOf(results),
  };
  return withoutContention(input.checkpointId, () => writeVerified(context, verified));
};

/**
 * Last state: makes the checkpoint VERIFIED where every batch was verified and the whole agrees
 * with S3's own checksum of the original. The original itself is never touched.
 */
export const publishCheckpoint = (
  context: PublishContext,
  input: PublishInput,
): Promise<PublishOutput> =>
  logUseCase(context, 'publish', { ...input }, async (line) => {
    const run = runOf(input);
    const plan = await readPlan(context, run);
    const keyOf = (batch: number): string => verifyResultKey(run, batch);
    const results = await readResults(context, plan, keyOf, verifyResultSchema);
    try {
      const output = await publishResults(context, input, plan, results);
      line['bytes'] = plan.object.bytes;
      line['bytesOut'] = output.kind === 'verified' ? output.bytesOut : 0;
      line['reason'] = 'reason' in output ? output.reason : '';
      return output;
    } catch (error) {
      if (isDamage(error)) {
        return mismatched(context, input, error.message);
      }
      throw error;
    }
  });
