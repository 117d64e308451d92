import { createHash } from 'node:crypto';
import type { BlobReference, BlobStore } from '../../ports/blob-store.ts';

/** Blobs in memory, for tests. */
export function createMemoryBlobStore(nowMs: () => number): BlobStore {
  const blobs = new Map<string, { readonly bytes: Buffer; readonly modifiedMs: number }>();
  const nameOf = (it: Pick<BlobReference, 'namespace' | 'digest'>): string =>
    `${it.namespace}/${it.digest}`;
  return {
    stage: async (namespace, body) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      const digest = createHash('sha256').update(bytes).digest('hex');
      const commit = async (): Promise<void> =>
        void blobs.set(nameOf({ namespace, digest }), { bytes, modifiedMs: nowMs() });
      return { digest, bytes: bytes.length, commit, discard: async () => undefined };
    },
    read: async (reference, range) => {
      const bytes = blobs.get(nameOf(reference))?.bytes;
      if (bytes === undefined) return { kind: 'absent' };
      if (bytes.length !== reference.bytes) return { kind: 'damaged' };
      if (range === null) return { kind: 'whole', bytes };
      return { kind: 'whole', bytes: bytes.subarray(range.offset, range.offset + range.length) };
    },
    check: async (reference) => {
      const bytes = blobs.get(nameOf(reference))?.bytes;
      if (bytes === undefined) return 'absent';
      return bytes.length === reference.bytes ? 'sound' : 'damaged';
    },
    has: async (namespace, digest) => blobs.has(nameOf({ namespace, digest })),
    remove: async (namespace, digest) => void blobs.delete(nameOf({ namespace, digest })),
    list: async function* (namespace) {
      for (const [name, { bytes, modifiedMs }] of blobs) {
        const [owner = '', digest = ''] = name.split('/');
        if (owner === namespace) yield { digest, storedBytes: bytes.length, modifiedMs };
      }
    },
  };
}
