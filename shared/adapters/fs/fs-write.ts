import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectReference, WriteOptions, WriteResult } from '../../ports/object-store.ts';
import { makeFolder } from './durable-file.ts';
import { bucketFolder, keyToFolder } from './key-path.ts';
import { newTemporary, type StagedData } from './staged-data.ts';
import { findVersion, listSlots, takeSlot, versionIdOf } from './version-record.ts';

/** Where data of a bucket waits until an object has it; made when it is missing. */
export async function temporaryFolder(root: string, target: ObjectReference): Promise<string> {
  const folder = join(bucketFolder(root, target), 'tmp');
  await makeFolder(folder);
  return folder;
}

/**
 * Gives staged data to an object. The data lies in its final place before the record is linked,
 * and only the link makes a version: a crash before it leaves a file that nothing refers to.
 */
export async function commitStaged(
  root: string,
  target: ObjectReference,
  staged: StagedData,
  options: WriteOptions,
): Promise<WriteResult> {
  const random = randomBytes(16).toString('hex');
  let data = staged.path;
  let isCommitted = false;
  try {
    const folder = keyToFolder(root, target);
    await makeFolder(folder);
    data = join(folder, `d-${random}`);
    await rename(staged.path, data);
    const result = await commitVersion(root, target, { staged, folder, random }, options);
    isCommitted = result.kind === 'created';
    return result;
  } finally {
    if (!isCommitted) await rm(data, { force: true });
  }
}

async function commitVersion(
  root: string,
  target: ObjectReference,
  placed: { readonly staged: StagedData; readonly folder: string; readonly random: string },
  options: WriteOptions,
): Promise<WriteResult> {
  const { staged, folder, random } = placed;
  for (;;) {
    const taken = await listSlots(folder);
    const current = options.ifAbsent ? await findVersion(folder, plain(target)) : null;
    if (current !== null) return { kind: 'exists' };
    // A number that was free a moment ago may be taken now: then all is looked at again.
    const slot = (taken[0] ?? 0) + 1;
    const versionId = versionIdOf(slot, random.slice(0, 16));
    const record = {
      kind: 'version' as const,
      key: target.key,
      versionId,
      etag: staged.sha256,
      bytes: staged.bytes,
      crc32: staged.crc32,
      lastModifiedMs: Math.floor(Date.now() / 1_000) * 1_000,
      contentType: options.contentType ?? null,
      metadata: { ...options.metadata },
      data: `d-${random}`,
    };
    const temporary = newTemporary(await temporaryFolder(root, target));
    const isTaken = await takeSlot(folder, slot, record, temporary);
    if (isTaken) return { kind: 'created', etag: staged.sha256, versionId };
  }
}

/** A write is never about a version. */
const plain = (target: ObjectReference): ObjectReference => ({
  bucket: target.bucket,
  key: target.key,
});
