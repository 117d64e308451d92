import { restorePartResultKey, restorePlanKey } from '../../contracts/checkpoint-keys.ts';
import { WINDOW_BYTES } from '../../contracts/limits.ts';
import {
  type RestorePartInput,
  type RestorePartOutput,
  type RestorePartResult,
  type RestorePlan,
  restorePartResultSchema,
  restorePlanSchema,
} from '../../contracts/restore-states.ts';
import { partSpan } from '../../domain/checkpoint/restore-parts.ts';
import { ObjectStoreError } from '../../ports/object-store.ts';
import { corruption, isDamage } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { findDocument, readDocument, settleDocument } from './documents.ts';
import { logUseCase } from './log-use-case.ts';
import { type OpenCheckpoint, openCheckpoint } from './open-checkpoint.ts';

type PartContext = Pick<
  CheckpointContext,
  'objects' | 'multipart' | 'codec' | 'clock' | 'log' | 'settings'
>;

const readPart = async (
  checkpoint: OpenCheckpoint,
  offset: number,
  length: number,
): Promise<Buffer> => {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; done += WINDOW_BYTES) {
    const window = { offset: offset + done, length: Math.min(WINDOW_BYTES, length - done) };
    (await checkpoint.read(window)).copy(bytes, done);
  }
  return bytes;
};

/** A single part is the whole: it is checked here, because its PUT makes it visible. */
const writeWhole = async (
  context: PartContext,
  plan: RestorePlan,
  bytes: Buffer,
  isIntact: boolean,
): Promise<string> => {
  if (!isIntact) {
    throw corruption(plan.manifestKey, 'the checksum of the decoded original differs');
  }
  // `exists` is judged by Finish, which compares what is there.
  await context.objects.write(plan.target, bytes, { ifAbsent: true });
  return '';
};

const copyPart = async (
  context: PartContext,
  plan: RestorePlan,
  part: number,
): Promise<RestorePartResult> => {
  const checkpoint = await openCheckpoint(context, plan);
  const span = partSpan(part, plan.partBytes, plan.bytes);
  const bytes = await readPart(checkpoint, span.offset, span.length);
  const checksums = await context.codec.checksums(bytes);
  const isIntact = checksums.crc64nvme === checkpoint.stored.manifest.crc64nvme;
  const etag =
    plan.uploadId === null
      ? await writeWhole(context, plan, bytes, isIntact)
      : (await context.multipart.uploadPart(plan.target, plan.uploadId, part, bytes)).etag;
  return { kind: 'copied', part, etag, bytes: bytes.length, ...checksums };
};

const tryCopyPart = async (
  context: PartContext,
  plan: RestorePlan,
  part: number,
): Promise<RestorePartResult> => {
  try {
    return await copyPart(context, plan, part);
  } catch (error) {
    if (isDamage(error)) {
      return { kind: 'refused', part, reason: error.message };
    }
    if (error instanceof ObjectStoreError && error.code === 'NoSuchUpload') {
      return { kind: 'refused', part, reason: 'The upload expired; start the restore again.' };
    }
    throw error;
  }
};

/** Decodes one part of the original and uploads it; nothing is visible before Finish. */
export const restorePart = (
  context: PartContext,
  input: RestorePartInput,
): Promise<RestorePartOutput> =>
  logUseCase(context, 'restore-part', { ...input }, async (line) => {
    const { restoreId, part } = input;
    const key = restorePartResultKey(restoreId, part);
    const known = await findDocument(context, key, restorePartResultSchema);
    if (known !== null) {
      return { kind: known.kind, part };
    }
    const plan = await readDocument(context, restorePlanKey(restoreId), restorePlanSchema);
    const result = await tryCopyPart(context, plan, part);
    line['bytes'] = result.kind === 'copied' ? result.bytes : 0;
    line['reason'] = result.kind === 'refused' ? result.reason : '';
    const settled = await settleDocument(context, key, result, restorePartResultSchema);
    return { kind: settled.kind, part };
  });
