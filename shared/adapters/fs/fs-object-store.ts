import { stat } from 'node:fs/promises';
import {
  type ObjectReference,
  type ObjectStore,
  ObjectStoreError,
  type VersionRetirer,
  type WriteOptions,
  type WriteResult,
} from '../../ports/object-store.ts';
import { withFaults } from './fs-error.ts';
import { listFilePage } from './fs-list.ts';
import { checkRange, headFile, readFile } from './fs-read.ts';
import { commitStaged, temporaryFolder } from './fs-write.ts';
import { keyToFolder } from './key-path.ts';
import { newTemporary, stageBytes, stageFile } from './staged-data.ts';
import { sweepTemporary } from './sweep-temporary.ts';
import { findVersion, retireSlot } from './version-record.ts';

export interface FsObjectStore extends ObjectStore, VersionRetirer {
  /** Takes in a file of any size without holding it in memory. */
  ingest(target: ObjectReference, path: string, options: WriteOptions): Promise<WriteResult>;
}

/**
 * Objects in a folder, for the processes of one machine: every write is a new version, seen as
 * a whole or not at all, also by other processes and after a loss of power.
 */
export function createFsObjectStore(root: string): FsObjectStore {
  return {
    head: (reference) => withFaults(reference, () => headFile(root, reference)),
    read: (reference, range) =>
      withFaults(reference, () =>
        readFile(root, reference, (version) => checkRange(reference, range, version)),
      ),
    readAll: (reference, bytesMax) =>
      withFaults(reference, () =>
        readFile(root, reference, ({ bytes }) => {
          if (bytes <= bytesMax) return { offset: 0, length: bytes };
          const message = `${bytes} bytes, at most ${bytesMax} are read at once`;
          throw new ObjectStoreError('ObjectTooLarge', reference, { message, retryable: false });
        }),
      ),
    write: (target, bytes, options) =>
      withFaults(target, async () => {
        const temporary = newTemporary(await temporaryFolder(root, target));
        return commitStaged(root, target, await stageBytes(temporary, bytes), options);
      }),
    ingest: (target, path, options) =>
      withFaults(target, async () => {
        await stat(path); // says so at once, before anything is made
        const folder = await temporaryFolder(root, target);
        await sweepTemporary(folder, Date.now());
        const staged = await stageFile(newTemporary(folder), path);
        return commitStaged(root, target, staged, options);
      }),
    listPage: (bucket, prefix, cursor) => {
      const subject = { bucket, key: prefix };
      return withFaults(subject, () => listFilePage(root, subject, cursor));
    },
    deleteVersion: (object) => withFaults(object, () => retire(root, object)),
  };
}

async function retire(
  root: string,
  object: ObjectReference & { readonly versionId: string },
): Promise<void> {
  const folder = keyToFolder(root, object);
  const version = await findVersion(folder, object);
  if (version === null) return; // retired before
  await retireSlot(folder, version, newTemporary(await temporaryFolder(root, object)));
}
