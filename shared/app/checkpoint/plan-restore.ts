import type { Sha256 } from '../../contracts/brands.ts';
import type { VerifiedFacts } from '../../contracts/checkpoint-catalogue.ts';
import {
  CHECKPOINTS_PREFIX,
  restoreDoneKey,
  restorePartsKey,
  restorePlanKey,
  WORK_PREFIX,
} from '../../contracts/checkpoint-keys.ts';
import {
  type RestoreInput,
  type RestorePlan,
  type RestorePlanOutput,
  restoreFinishOutputSchema,
  restorePlanSchema,
} from '../../contracts/restore-states.ts';
import { asciiJsonLines } from '../../domain/checkpoint/ascii-json.ts';
import { planParts, restoreIdOf } from '../../domain/checkpoint/restore-parts.ts';
import type { Manifest } from '../../ports/codec.ts';
import { readRow } from './catalogue.ts';
import { CheckpointFault, isDamage } from './checkpoint-fault.ts';
import { compareTarget } from './compare-target.ts';
import type { CheckpointContext } from './context.ts';
import { findDocument, readDocument, writeDocument, writeText } from './documents.ts';
import { logUseCase } from './log-use-case.ts';
import { openCheckpoint } from './open-checkpoint.ts';

type RestoreContext = Pick<
  CheckpointContext,
  'objects' | 'multipart' | 'table' | 'codec' | 'clock' | 'log' | 'settings'
>;

/** Jobs for one target that may have ended before; each left a marker. */
const GENERATIONS_MAX = 1_000;

const refuse = (reason: string): RestorePlanOutput => ({ kind: 'refused', reason });

const isOwnTarget = (context: RestoreContext, { target }: RestoreInput): boolean =>
  target.bucket === context.settings.storeBucket &&
  (target.key.startsWith(CHECKPOINTS_PREFIX) || target.key.startsWith(WORK_PREFIX));

/** The first job of this name that has not ended: a new one, or one to go on with. */
const findRestoreId = async (
  context: RestoreContext,
  input: RestoreInput,
  manifestSha256: Sha256,
): Promise<Sha256> => {
  for (let generation = 0; generation < GENERATIONS_MAX; generation += 1) {
    const id = restoreIdOf(input.checkpointId, manifestSha256, input.target, generation);
    if ((await findDocument(context, restoreDoneKey(id), restoreFinishOutputSchema)) === null) {
      return id;
    }
  }
  throw new CheckpointFault('InputUnsupported', input.checkpointId, {
    message: `${GENERATIONS_MAX} restores to this target have ended already`,
    retryable: false,
  });
};

const planUpload = async (
  context: RestoreContext,
  input: RestoreInput,
  restoreId: Sha256,
  facts: VerifiedFacts,
  manifest: Manifest,
): Promise<RestorePlan> => {
  const key = restorePlanKey(restoreId);
  const known = await findDocument(context, key, restorePlanSchema);
  if (known !== null) {
    return known;
  }
  const parts = planParts(manifest.bytes, manifest.segmentBytes);
  const uploadId =
    parts.partCount === 1 ? null : await context.multipart.createUpload(input.target);
  const plan: RestorePlan = {
    ...input,
    manifestKey: facts.manifestKey,
    manifestSha256: facts.manifestSha256,
    uploadId,
    bytes: manifest.bytes,
    ...parts,
  };
  const written = await writeDocument(context, key, plan);
  if (written.kind === 'created') {
    return plan;
  }
  if (uploadId !== null) {
    await context.multipart.abortUpload(input.target, uploadId);
  }
  return readDocument(context, key, restorePlanSchema);
};

const writeParts = async (
  context: RestoreContext,
  restoreId: Sha256,
  partCount: number,
): Promise<RestorePlanOutput> => {
  const lines = Array.from({ length: partCount }, (_, index) => ({ restoreId, part: index + 1 }));
  const key = restorePartsKey(restoreId);
  await writeText(context, key, asciiJsonLines(lines));
  return { kind: 'planned', restoreId, parts: { bucket: context.settings.storeBucket, key } };
};

const planVerified = async (
  context: RestoreContext,
  input: RestoreInput,
  facts: VerifiedFacts,
): Promise<RestorePlanOutput> => {
  const { manifest } = (await openCheckpoint(context, facts)).stored;
  const state = await compareTarget(context, input.target, manifest);
  if (state === 'equal') {
    return { kind: 'restored', bytes: manifest.bytes };
  }
  if (state === 'different') {
    return refuse('The target exists with other bytes; nothing is overwritten.');
  }
  const restoreId = await findRestoreId(context, input, facts.manifestSha256);
  const plan = await planUpload(context, input, restoreId, facts, manifest);
  return writeParts(context, restoreId, plan.partCount);
};

/** First state of a restore: what to write, in which parts; a target is never overwritten. */
export const planRestore = (
  context: RestoreContext,
  input: RestoreInput,
): Promise<RestorePlanOutput> => {
  const fields = { checkpointId: input.checkpointId, target: input.target.key };
  return logUseCase(context, 'restore-plan', fields, async () => {
    if (isOwnTarget(context, input)) {
      return refuse('The target is among the keys of Mithril itself.');
    }
    const found = await readRow(context, input.checkpointId);
    if (found === null || found.row.verified === null) {
      return refuse(`The checkpoint is ${found?.row.state ?? 'unknown'}, not VERIFIED.`);
    }
    try {
      return await planVerified(context, input, found.row.verified);
    } catch (error) {
      if (isDamage(error)) {
        return refuse(error.message);
      }
      throw error;
    }
  });
};
