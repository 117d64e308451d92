import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobReference, BlobStore } from '../../shared/ports/blob-store.ts';
import type { ByteRange } from '../../shared/ports/object-store.ts';

export interface BlobStoreHost {
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export async function* inPieces(bytes: Buffer, pieceBytes = 70_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export const referenceTo = (bytes: Buffer, namespace = 'team'): BlobReference => ({
  namespace,
  digest: digestOf(bytes),
  bytes: bytes.length,
});

export async function store(blobs: BlobStore, bytes: Buffer): Promise<BlobReference> {
  const staged = await blobs.stage('team', inPieces(bytes));
  await staged.commit();
  await staged.discard();
  return { namespace: 'team', digest: staged.digest, bytes: staged.bytes };
}

/** The bytes of a blob, or why there are none. */
export async function load(
  blobs: BlobStore,
  reference: BlobReference,
  range: ByteRange | null = null,
): Promise<Buffer | 'absent' | 'damaged'> {
  const read = await blobs.read(reference, range);
  if (read.kind === 'whole') return read.bytes;
  if (read.kind !== 'stream') return read.kind;
  const pieces: Uint8Array[] = [];
  for await (const piece of read.body) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Empty, small, one piece, several pieces; that zstd can shrink and that it cannot. */
export const SAMPLES: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['short text', Buffer.from('text '.repeat(1_000))],
  ['64 KiB of noise', randomBytes(64 * 1024)],
  ['3 MiB of text', Buffer.from('some text that repeats itself\n'.repeat(104_858))],
  ['3 MiB and 1 byte of noise', randomBytes(3 * MIB + 1)],
];

/** The behaviour that every `BlobStore` has. */
export function describeBlobStore(name: string, open: () => Promise<BlobStoreHost>): void {
  describe(`blob store: ${name}`, () => {
    let host: BlobStoreHost;
    beforeAll(async () => {
      host = await open();
    });
    afterAll(async () => host?.close());

    it.each(SAMPLES)('gives back %s, whole and in part', async (_, bytes) => {
      const reference = await store(host.blobs, bytes);
      expect(reference).toEqual(referenceTo(bytes));
      const read = await load(host.blobs, reference);
      expect(Buffer.isBuffer(read) && read.equals(bytes)).toBe(true);
      for (const [offset, end] of [
        [0, 1],
        [bytes.length - 1, bytes.length],
        [bytes.length >> 1, (bytes.length >> 1) + 100_000],
      ] as const) {
        const expected = bytes.subarray(Math.max(0, offset), end);
        if (expected.length === 0) continue;
        const part = await load(host.blobs, reference, { offset, length: expected.length });
        expect(Buffer.isBuffer(part) && part.equals(expected)).toBe(true);
      }
    });

    it('shows nothing before commit, and nothing after discard', async () => {
      const bytes = randomBytes(1_000);
      const staged = await host.blobs.stage('team', inPieces(bytes));
      expect(await host.blobs.has('team', staged.digest)).toBe(false);
      await staged.discard();
      expect(await load(host.blobs, referenceTo(bytes))).toBe('absent');
    });

    it('passes on what the body throws', async () => {
      const failing = (async function* () {
        yield randomBytes(200_000);
        throw new Error('the connection broke');
      })();
      await expect(host.blobs.stage('team', failing)).rejects.toThrow('the connection broke');
    });

    it('keeps namespaces apart', async () => {
      const bytes = randomBytes(500);
      await store(host.blobs, bytes);
      expect(await host.blobs.has('other', digestOf(bytes))).toBe(false);
      expect(await load(host.blobs, referenceTo(bytes, 'other'))).toBe('absent');
    });

    it('does not give a blob of another length than was promised', async () => {
      const bytes = randomBytes(500);
      const reference = await store(host.blobs, bytes);
      expect(await load(host.blobs, { ...reference, bytes: 499 })).toBe('damaged');
      expect(await load(host.blobs, { ...reference, bytes: 501 })).toBe('damaged');
    });

    it('lists each blob once, until it is removed', async () => {
      const bytes = randomBytes(700);
      const { digest } = await store(host.blobs, bytes);
      await store(host.blobs, bytes);
      const list = async (): Promise<string[]> => {
        const digests: string[] = [];
        for await (const blob of host.blobs.list('team')) digests.push(blob.digest);
        return digests.filter((found) => found === digest);
      };
      expect(await list()).toEqual([digest]);
      await host.blobs.remove('team', digest);
      await host.blobs.remove('team', digest);
      expect(await list()).toEqual([]);
      expect(await host.blobs.has('team', digest)).toBe(false);
    });
  });
}
