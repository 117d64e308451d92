import type { BlobRead, BlobReference } from '../../ports/blob-store.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import type { CacheContext } from './context.ts';
import { entryKey, type FoundEntry, takeOut } from './entry-rows.ts';

/** How exact the time of the last use is. */
const USED_EXACT_MS = 24 * 3_600_000;

export type EntryBody = Buffer | AsyncIterable<Uint8Array>;

const blobOf = ({ place, row }: FoundEntry): BlobReference => ({
  namespace: place.namespace,
  digest: row.digest,
  bytes: row.bytes,
});

/** The bytes, or null where they are lost or broken: then the entry was taken out. */
export async function openEntry(
  context: CacheContext,
  found: FoundEntry,
  range: ByteRange | null,
): Promise<EntryBody | null> {
  const read = await context.blobs.read(blobOf(found), range);
  if (read.kind === 'absent' || read.kind === 'damaged') {
    await repair(context, found, read.kind);
    return null;
  }
  const bytesServed = range?.length ?? found.row.bytes;
  context.stats.add(found.place.namespace, { bytesServed });
  noteUse(context, found);
  return read.kind === 'whole' ? read.bytes : repairing(context, found, read.body);
}

/** For a request that wants no bytes. */
export async function hasBody(context: CacheContext, found: FoundEntry): Promise<boolean> {
  if (await context.blobs.has(found.place.namespace, found.row.digest)) return true;
  await repair(context, found, 'absent');
  return false;
}

/** A link to the bytes, where the host gives links; null where they are lost. */
export async function linkToEntry(
  context: CacheContext,
  found: FoundEntry,
): Promise<string | null> {
  if (context.links === null || !(await isSound(context, found))) return null;
  context.stats.add(found.place.namespace, { bytesServed: found.row.bytes });
  noteUse(context, found);
  return context.links.linkToRead(blobOf(found));
}

/** For readers that a body which breaks off would harm: all of it is seen before its first byte. */
export async function isSound(context: CacheContext, found: FoundEntry): Promise<boolean> {
  const check = await context.blobs.check(blobOf(found));
  if (check !== 'sound') await repair(context, found, check);
  return check === 'sound';
}

/** A stream that breaks off at damage ends too early for its reader, and is not found again. */
async function* repairing(
  context: CacheContext,
  found: FoundEntry,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'Corruption') {
      await repair(context, found, 'damaged');
    }
    throw error;
  }
}

async function repair(
  context: CacheContext,
  found: FoundEntry,
  what: Exclude<BlobRead['kind'], 'whole' | 'stream'>,
): Promise<void> {
  const { namespace } = found.place;
  const { digest } = found.row;
  context.log.write('cache-repair', { namespace, key: found.key, digest, blob: what });
  if (what === 'damaged') await context.blobs.remove(namespace, digest);
  await takeOut(context, found, found.row.refused);
}

function noteUse(context: CacheContext, found: FoundEntry): void {
  const usedMs = context.clock.nowMs();
  if (usedMs - found.row.usedMs < USED_EXACT_MS) return;
  context.background(async () => {
    const body = { ...found.row, usedMs };
    await context.table.write({
      key: entryKey(found.place, found),
      body,
      expect: found.version,
    });
  });
}
