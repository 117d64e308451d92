import type { Access } from '../../contracts/cache-names.ts';
import { writablePlace } from '../../domain/cache/scopes.ts';
import type { CacheContext } from './context.ts';
import { type EntryAddress, readEntryRow, takeOut } from './entry-rows.ts';

/** Takes out what the bearer's own scope wrote; false where there is none. */
export async function removeEntry(
  context: CacheContext,
  access: Access,
  address: EntryAddress,
): Promise<boolean> {
  const place = writablePlace(access);
  const read = await readEntryRow(context, place, address);
  if (read.kind !== 'found' || read.row.state !== 'live') return false;
  await takeOut(context, { ...address, place, ...read }, read.row.refused);
  const { namespace, scope, tokenId } = access;
  context.audit.write('cache-remove', { namespace, scope, tokenId, ...address });
  return true;
}
