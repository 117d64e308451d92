import type { Access } from '../../contracts/cache-names.ts';
import { writablePlace } from '../../domain/cache/scopes.ts';
import type { ReceivedEntry } from '../../ports/cache-upstream.ts';
import type { CacheContext } from './context.ts';
import { deliver, noteDelivery } from './deliver.ts';
import { type EntryAddress, type FoundEntry, findLocalEntry } from './entry-rows.ts';
import { type NewEntry, type PutResult, writeEntry } from './write-entry.ts';

/** What this server has, else what the endpoint has that it writes through to. */
export async function findEntry(
  context: CacheContext,
  access: Access,
  address: EntryAddress,
): Promise<FoundEntry | null> {
  const { keyspace, key } = address;
  const found = await findLocalEntry(context, access, address);
  if (found !== null || context.upstream === undefined) return found;
  const received = await context.upstream.readEntry(keyspace, key);
  if (received === null || !(await keep(context, access, received))) return null;
  return findLocalEntry(context, access, address);
}

/**
 * Keeps what the endpoint gave, once its bytes are seen to be what it says. It takes the place of
 * what this server had for the key: the endpoint decides.
 */
export async function keep(
  context: CacheContext,
  access: Access,
  received: ReceivedEntry,
): Promise<boolean> {
  try {
    const entry: NewEntry = { ...received, second: 'replace' };
    const result = await writeEntry(context, { ...access, right: 'write' }, entry);
    return result.kind === 'created' || result.kind === 'present';
  } catch (error) {
    context.log.write('cache-pull', { key: received.key, error: String(error) });
    return false;
  }
}

/** Writes here, then to the endpoint, which is waited for only so long, and tried again later. */
export async function writeThrough(
  context: CacheContext,
  access: Access,
  entry: NewEntry,
): Promise<PutResult> {
  const result = await writeEntry(context, access, entry);
  const { upstream } = context;
  if (result.kind !== 'created' || upstream === undefined) return result;
  const place = writablePlace(access);
  const pushed = noteDelivery(context, place, entry).then(() =>
    deliver(context, upstream, place, entry),
  );
  context.background(async () => void (await pushed));
  await Promise.race([pushed, new Promise((done) => setTimeout(done, PUSH_WAIT_MS).unref())]);
  return result;
}

const PUSH_WAIT_MS = 10_000;
