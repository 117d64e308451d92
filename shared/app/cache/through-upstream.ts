import type { Access } from '../../contracts/cache-names.ts';
import type { ReceivedEntry } from '../../ports/cache-upstream.ts';
import type { CacheContext } from './context.ts';
import { type EntryAddress, type FoundEntry, findLocalEntry } from './entry-rows.ts';
import { openEntry } from './read-entry.ts';
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

/** Writes here, then to the endpoint, which is waited for only so long. */
export async function writeThrough(
  context: CacheContext,
  access: Access,
  entry: NewEntry,
): Promise<PutResult> {
  const result = await writeEntry(context, access, entry);
  const { upstream } = context;
  if (result.kind !== 'created' || upstream === undefined) return result;
  const pushed = push(context, access, entry);
  context.background(() => pushed);
  await Promise.race([pushed, new Promise((done) => setTimeout(done, PUSH_WAIT_MS).unref())]);
  return result;
}

const PUSH_WAIT_MS = 10_000;

async function push(
  context: CacheContext,
  access: Access,
  { keyspace, key, factors }: NewEntry,
): Promise<void> {
  const { upstream } = context;
  const found = await findLocalEntry(context, access, { keyspace, key });
  if (found === null || upstream === undefined) return;
  const { digest, bytes, signature, toolchain, compileSeconds, attributes } = found.row;
  const facts = { signature, toolchain, compileSeconds, attributes };
  const carried = { keyspace, key, digest, bytes, facts, factors };
  const delivery = await upstream.writeEntry(carried, () => readBody(context, found));
  context.log.write('cache-push', { keyspace, key, digest, bytes, delivery });
}

async function* readBody(context: CacheContext, found: FoundEntry): AsyncGenerator<Uint8Array> {
  const body = await openEntry(context, found, null);
  if (body === null) throw new Error('the blob was lost');
  if (Buffer.isBuffer(body)) yield body;
  else yield* body;
}
