import type { Sha256 } from '../../contracts/brands.ts';
import {
  restoreDoneKey,
  restorePartResultKey,
  restorePlanKey,
} from '../../contracts/checkpoint-keys.ts';
import {
  type RestoreFinishInput,
  type RestoreFinishOutput,
  type RestorePartResult,
  type RestorePlan,
  restoreFinishOutputSchema,
  restorePartResultSchema,
  restorePlanSchema,
} from '../../contracts/restore-states.ts';
import type { Manifest } from '../../ports/codec.ts';
import { ObjectStoreError, type PartReceipt } from '../../ports/object-store.ts';
import { isDamage } from './checkpoint-fault.ts';
import { compareTarget } from './compare-target.ts';
import type { CheckpointContext } from './context.ts';
import { findDocument, readDocument, writeDocument } from './documents.ts';
import { logUseCase } from './log-use-case.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { openManifest } from './open-manifest.ts';

type FinishContext = Pick<
  CheckpointContext,
  'objects' | 'multipart' | 'codec' | 'clock' | 'log' | 'settings'
>;

type CopiedPart = Extract<RestorePartResult, { readonly kind: 'copied' }>;

const RESULT_READS_CONCURRENT = 16;

const refuse = (reason: string): RestoreFinishOutput => ({ kind: 'refused', reason });

const readParts = (
  context: FinishContext,
  restoreId: Sha256,
  plan: RestorePlan,
): Promise<RestorePartResult[]> => {
  const parts = Array.from({ length: plan.partCount }, (_, index) => index + 1);
  return mapConcurrently(parts, RESULT_READS_CONCURRENT, (part) =>
    readDocument(context, restorePartResultKey(restoreId, part), restorePartResultSchema),
  );
};

/** Null: the parts are the original, checksum by checksum. */
const judgeParts = (
  context: FinishContext,
  manifest: Manifest,
  parts: readonly CopiedPart[],
): RestoreFinishOutput | null => {
  const whole = context.codec.combineChecksums(parts);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return whole.crc64nvme === manifest.crc64nvme && bytes === manifest.bytes
    ? null
    : refuse('The checksum of the decoded original differs; nothing was written.');
};

/** Whether this call made the object appear; else what is at the target decides. */
const complete = async (
  context: FinishContext,
  plan: RestorePlan,
  parts: readonly CopiedPart[],
): Promise<boolean> => {
  if (plan.uploadId === null) {
    return false;
  }
  // The store compares what it holds of each part with what was decoded.
  const receipts = parts.map(({ part, etag, crc32 }): PartReceipt => ({ part, etag, crc32 }));
  try {
    const result = await context.multipart.completeUpload(plan.target, plan.uploadId, receipts);
    return result.kind === 'created';
  } catch (error) {
    if (error instanceof ObjectStoreError && error.code === 'NoSuchUpload') {
      return false;
    }
    throw error;
  }
};

const finishParts = async (
  context: FinishContext,
  plan: RestorePlan,
  results: readonly RestorePartResult[],
): Promise<RestoreFinishOutput> => {
  const copied: CopiedPart[] = [];
  for (const result of results) {
    if (result.kind === 'refused') {
      return refuse(result.reason);
    }
    copied.push(result);
  }
  const { manifest } = await openManifest(context, plan);
  const refused = judgeParts(context, manifest, copied);
  if (refused !== null) {
    return refused;
  }
  const restored: RestoreFinishOutput = { kind: 'restored', bytes: plan.bytes };
  if (await complete(context, plan, copied)) {
    return restored;
  }
  const state = await compareTarget(context, plan.target, manifest);
  return state === 'equal'
    ? restored
    : refuse(
        state === 'absent'
          ? 'The upload expired before it was completed; start the restore again.'
          : 'The target exists with other bytes; nothing was overwritten.',
      );
};

const tryFinish = async (
  context: FinishContext,
  restoreId: Sha256,
  plan: RestorePlan,
): Promise<RestoreFinishOutput> => {
  try {
    return await finishParts(context, plan, await readParts(context, restoreId, plan));
  } catch (error) {
    if (isDamage(error)) {
      return refuse(error.message);
    }
    throw error;
  }
};

/** Last state of a restore: makes the original appear, whole and checked, or not at all. */
export const finishRestore = (
  context: FinishContext,
  input: RestoreFinishInput,
): Promise<RestoreFinishOutput> =>
  logUseCase(context, 'restore-finish', { ...input }, async (line) => {
    const { restoreId } = input;
    const doneKey = restoreDoneKey(restoreId);
    const done = await findDocument(context, doneKey, restoreFinishOutputSchema);
    if (done !== null) {
      return done;
    }
    const plan = await readDocument(context, restorePlanKey(restoreId), restorePlanSchema);
    const output = await tryFinish(context, restoreId, plan);
    if (plan.uploadId !== null) {
      // Nothing is left of a completed one; any other would be paid for until it expires.
      await context.multipart.abortUpload(plan.target, plan.uploadId);
    }
    line['bytes'] = plan.bytes;
    await writeDocument(context, doneKey, output);
    return output;
  });
