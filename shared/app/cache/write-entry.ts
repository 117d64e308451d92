import { sha256Schema } from '../../contracts/brands.ts';
import { RACE_TRIES_MAX } from '../../contracts/cache-limits.ts';
import type { Access } from '../../contracts/cache-names.ts';
import { type EntryRow, factorsPartition, type Place } from '../../contracts/cache-rows.ts';
import { judgePut, type PutVerdict, type SecondBody } from '../../domain/cache/judge-put.ts';
import { readablePlaces, writablePlace } from '../../domain/cache/scopes.ts';
import type { StagedBlob } from '../../ports/blob-store.ts';
import type { CacheContext } from './context.ts';
import { type EntryAddress, entryKey, readEntryRow } from './entry-rows.ts';

/** An entry, but for its body. */
export interface OfferedEntry extends EntryAddress {
  readonly second: SecondBody;
  /** What the writer says of the body; null where its protocol says nothing. */
  readonly digest: string | null;
  readonly bytes: number | null;
  readonly facts: Pick<EntryRow, 'signature' | 'toolchain' | 'compileSeconds' | 'attributes'>;
  readonly factors: Readonly<Record<string, string>> | null;
}

export interface NewEntry extends OfferedEntry {
  readonly body: AsyncIterable<Uint8Array>;
}

export type PutResult =
  | { readonly kind: 'created' | 'present'; readonly digest: string; readonly bytes: number }
  | { readonly kind: 'conflict' | 'kept' | 'quarantined' | 'read-only' }
  | { readonly kind: 'wrong-digest' | 'wrong-length' | 'not-uploaded' };

/** Stores the blob, then the row: what can be found can be read. */
export async function writeEntry(
  context: CacheContext,
  access: Access,
  entry: NewEntry,
): Promise<PutResult> {
  if (access.right !== 'write') return { kind: 'read-only' };
  if (entry.digest !== null) {
    const early = await judgeEarly(context, access, entry, entry.digest);
    if (early !== null) {
      await readToEnd(entry.body);
      return report(context, access, entry, early);
    }
  }
  const staged = await context.blobs.stage(access.namespace, entry.body);
  try {
    if (entry.bytes !== null && staged.bytes !== entry.bytes) return { kind: 'wrong-length' };
    if (entry.digest !== null && staged.digest !== entry.digest) return { kind: 'wrong-digest' };
    return report(context, access, entry, await settle(context, access, entry, staged));
  } finally {
    await staged.discard();
  }
}

/** A writer that is cut off while it sends takes that for a failure, whatever the answer says. */
async function readToEnd(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

/** Nothing has to be kept where the answer is known by the digest, and the blob is there. */
export async function judgeEarly(
  context: CacheContext,
  access: Access,
  entry: OfferedEntry,
  digest: string,
): Promise<PutResult | null> {
  const verdict = await judge(context, access, entry, digest);
  if (verdict.kind === 'write') return null;
  if (verdict.kind !== 'present') return { kind: verdict.kind };
  const blob = { namespace: access.namespace, digest, bytes: entry.bytes ?? 0 };
  const isKept = entry.bytes !== null && (await context.blobs.check(blob)) === 'sound';
  return isKept ? { kind: 'present', digest, bytes: entry.bytes ?? 0 } : null;
}

/** What `main` holds settles it for other scopes as well: they would never read their own. */
async function judge(
  context: CacheContext,
  access: Access,
  entry: OfferedEntry,
  digest: string,
): Promise<PutVerdict> {
  for (const place of readablePlaces(access)) {
    const read = await readEntryRow(context, place, entry);
    const isOwn = place.scope === access.scope;
    if (isOwn && read.kind === 'invalid') {
      return { kind: 'write', expect: read.version, refused: [] };
    }
    // No scope replaces what another one wrote.
    const second = isOwn || entry.second === 'conflict' ? entry.second : 'keep';
    const verdict = judgePut(read.kind === 'found' ? read : null, digest, second);
    if (isOwn || verdict.kind !== 'write') return verdict;
  }
  throw new Error('a bearer reads its own scope');
}

export async function settle(
  context: CacheContext,
  access: Access,
  entry: OfferedEntry,
  staged: StagedBlob,
): Promise<PutResult> {
  const digest = sha256Schema.parse(staged.digest);
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const verdict = await judge(context, access, entry, digest);
    if (verdict.kind === 'present') {
      await staged.commit(); // heals a blob that was lost
      return { kind: 'present', digest, bytes: staged.bytes };
    }
    if (verdict.kind !== 'write') return { kind: verdict.kind };
    await staged.commit();
    const nowMs = context.clock.nowMs();
    const body: EntryRow = {
      state: 'live',
      digest,
      bytes: staged.bytes,
      createdMs: nowMs,
      usedMs: nowMs,
      tokenId: access.tokenId,
      refused: [...verdict.refused],
      ...entry.facts,
    };
    const key = entryKey(writablePlace(access), entry);
    const written = await context.table.write({ key, body, expect: verdict.expect });
    if (written.kind === 'conflict') continue;
    await noteFactors(context, writablePlace(access), entry, nowMs);
    return { kind: 'created', digest, bytes: staged.bytes };
  }
  throw new Error(`the row of ${entry.key} changes too often`);
}

async function noteFactors(
  context: CacheContext,
  place: Place,
  { key, factors }: OfferedEntry,
  createdMs: number,
): Promise<void> {
  if (factors === null) return;
  const sk = `${String(createdMs).padStart(15, '0')}#${key}`;
  const body = { key, createdMs, factors };
  await context.table.write({ key: { pk: factorsPartition(place), sk }, body, expect: 'absent' });
}

/** What the audit says of every write: who, which entry, and which body. */
export const auditOf = (
  { namespace, scope, tokenId }: Access,
  { keyspace, key }: EntryAddress,
  { digest, bytes }: Pick<OfferedEntry, 'digest' | 'bytes'>,
) => ({ namespace, scope, tokenId, keyspace, key, digest, bytes });

export function report(
  context: CacheContext,
  access: Access,
  entry: OfferedEntry,
  result: PutResult,
): PutResult {
  const { namespace } = access;
  const body = 'digest' in result ? result : entry;
  context.audit.write('cache-put', { ...auditOf(access, entry, body), result: result.kind });
  if (result.kind === 'created') {
    context.stats.add(namespace, { puts: 1, bytesStored: result.bytes });
  }
  if (result.kind === 'conflict') context.stats.add(namespace, { conflicts: 1 });
  return result;
}
