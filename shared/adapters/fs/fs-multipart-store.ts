import { randomBytes } from 'node:crypto';
import { access, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type MultipartStore,
  type ObjectReference,
  ObjectStoreError,
  type PartReceipt,
  type WriteResult,
} from '../../ports/object-store.ts';
import { flushFolder, makeFolder, writeFlushed } from './durable-file.ts';
import { ifThere, withFaults } from './fs-error.ts';
import { headFile } from './fs-read.ts';
import { commitStaged, temporaryFolder } from './fs-write.ts';
import { bucketFolder } from './key-path.ts';
import { newTemporary, stageBytes, stageJoined } from './staged-data.ts';

const UPLOAD_ID = /^[0-9a-f]{32}$/;
const TARGET_NAME = 'target.json';
const targetSchema = z.strictObject({ key: z.string() });
const partName = ({ part, etag, crc32 }: PartReceipt): string =>
  `p${String(part).padStart(5, '0')}-${etag}-${crc32}`;

/** Uploads in parts under a root of `createFsObjectStore`. */
export function createFsMultipartStore(root: string): MultipartStore {
  return {
    createUpload: (target) => withFaults(target, () => createUpload(root, target)),
    uploadPart: (target, uploadId, part, bytes) =>
      withFaults(target, () => uploadPart(root, { target, uploadId, part }, bytes)),
    completeUpload: (target, uploadId, parts) =>
      withFaults(target, () => completeUpload(root, target, uploadId, parts)),
    abortUpload: (target, uploadId) =>
      withFaults(target, async () => {
        const folder = uploadFolder(root, target, uploadId);
        if (folder !== null) await rm(folder, { recursive: true, force: true });
      }),
  };
}

async function createUpload(root: string, target: ObjectReference): Promise<string> {
  const uploadId = randomBytes(16).toString('hex');
  const folder = join(bucketFolder(root, target), 'uploads', uploadId);
  await makeFolder(folder);
  await writeFlushed(join(folder, TARGET_NAME), JSON.stringify({ key: target.key }));
  return uploadId;
}

async function uploadPart(
  root: string,
  upload: { target: ObjectReference; uploadId: string; part: number },
  bytes: Uint8Array,
): Promise<PartReceipt> {
  const folder = await openUpload(root, upload.target, upload.uploadId);
  if (folder === null) throw noSuchUpload(upload.target);
  const temporary = newTemporary(await temporaryFolder(root, upload.target));
  const { sha256: etag, crc32 } = await stageBytes(temporary, bytes);
  const receipt = { part: upload.part, etag, crc32 };
  await rename(temporary, join(folder, partName(receipt)));
  await flushFolder(folder);
  return receipt;
}

async function completeUpload(
  root: string,
  target: ObjectReference,
  uploadId: string,
  parts: readonly PartReceipt[],
): Promise<WriteResult> {
  const folder = await openUpload(root, target, uploadId);
  if (folder === null) {
    // An earlier call may have completed it with its answer lost: then the object is there.
    const found = await headFile(root, { bucket: target.bucket, key: target.key });
    if (found.kind === 'found') return { kind: 'exists' };
    throw noSuchUpload(target);
  }
  const sources = parts.map((receipt) => join(folder, partName(receipt)));
  for (const source of sources) {
    if ((await ifThere(access(source).then(() => true))) === true) continue;
    const message = 'a part of the list was not uploaded';
    throw new ObjectStoreError('InvalidPart', target, { message, retryable: false });
  }
  const temporary = newTemporary(await temporaryFolder(root, target));
  const staged = await stageJoined(temporary, sources);
  const result = await commitStaged(root, target, staged, { ifAbsent: true });
  if (result.kind === 'created') await rm(folder, { recursive: true, force: true });
  return result;
}

/** The folder of a running upload of this very target, or null. */
async function openUpload(
  root: string,
  target: ObjectReference,
  uploadId: string,
): Promise<string | null> {
  const folder = uploadFolder(root, target, uploadId);
  const text = folder && (await ifThere(readFile(join(folder, TARGET_NAME), 'utf8')));
  if (!text) return null;
  const { key } = targetSchema.parse(JSON.parse(text));
  return key === target.key ? folder : null;
}

/** Null for an id that was not made here: it must not become a path. */
function uploadFolder(root: string, target: ObjectReference, uploadId: string): string | null {
  if (!UPLOAD_ID.test(uploadId)) return null;
  return join(bucketFolder(root, target), 'uploads', uploadId);
}

function noSuchUpload(target: ObjectReference): ObjectStoreError {
  const message = 'the upload was completed, aborted or never begun';
  return new ObjectStoreError('NoSuchUpload', target, { message, retryable: false });
}
