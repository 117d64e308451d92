import type { z } from 'zod';
import { RACE_TRIES_MAX } from '../../contracts/cache-limits.ts';
import type { Access } from '../../contracts/cache-names.ts';
import { type Place, profilePartition, profileRowSchema } from '../../contracts/cache-rows.ts';
import { readablePlaces, writablePlace } from '../../domain/cache/scopes.ts';
import type { CacheContext } from './context.ts';
import { type FoundEntry, findLocalEntry } from './entry-rows.ts';
import { readRow, readRowOrNull } from './rows.ts';
import { findEntry, keep } from './through-upstream.ts';

type Target = z.infer<typeof profileRowSchema>;

const profileKey = (place: Place, profile: string) => ({
  pk: profilePartition(place),
  sk: profile,
});

/** The entry that the profile points to, as the endpoint of a proxy says, else as this server does. */
export async function findProfile(
  context: CacheContext,
  access: Access,
  profile: string,
): Promise<FoundEntry | null> {
  const found = await findLocalProfile(context, access, profile);
  const received = await context.upstream?.readProfile(profile, found?.row.digest ?? null);
  if (received === undefined || received === null || received === 'same') return found;
  if (!(await keep(context, access, received))) return found;
  const { key, digest } = received;
  const target = profileRowSchema.parse({ key, digest });
  await moveProfile(context, access, profile, target);
  return findLocalProfile(context, access, profile);
}

/** Of the trusted scope before the bearer's own. */
async function findLocalProfile(
  context: CacheContext,
  access: Access,
  profile: string,
): Promise<FoundEntry | null> {
  for (const place of readablePlaces(access)) {
    const key = profileKey(place, profile);
    const target = await readRowOrNull(context.table, key, profileRowSchema);
    if (target === null) continue;
    const address = { keyspace: 'native' as const, key: target.key };
    const found = await findLocalEntry(context, access, address);
    if (found !== null && found.row.digest === target.digest) return found;
  }
  return null;
}

/** The last writer wins. `absent`: this bearer can read no such entry. */
export async function pointProfile(
  context: CacheContext,
  access: Access,
  profile: string,
  target: Target,
): Promise<'written' | 'absent'> {
  const found = await findEntry(context, access, { keyspace: 'native', key: target.key });
  if (found === null || found.row.digest !== target.digest) return 'absent';
  await moveProfile(context, access, profile, target);
  await context.upstream?.ask('PUT', `/v1/profiles/${profile}`, target);
  const { namespace, scope, tokenId } = access;
  context.audit.write('cache-profile', { namespace, scope, tokenId, profile, ...target });
  return 'written';
}

async function moveProfile(
  context: CacheContext,
  access: Access,
  profile: string,
  target: Target,
): Promise<void> {
  const key = profileKey(writablePlace(access), profile);
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const read = await readRow(context.table, key, profileRowSchema);
    const expect = read.kind === 'absent' ? 'absent' : read.version;
    const written = await context.table.write({ key, body: target, expect });
    if (written.kind === 'written') return;
  }
  throw new Error(`the profile ${profile} changes too often`);
}
