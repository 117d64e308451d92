import { leasedSchema, leaseResponseSchema } from '../../contracts/cache-api.ts';
import type { Access } from '../../contracts/cache-names.ts';
import { leasePartition, leaseRowSchema } from '../../contracts/cache-rows.ts';
import { writablePlace } from '../../domain/cache/scopes.ts';
import type { CacheContext } from './context.ts';
import { readRow } from './rows.ts';

export type LeaseResult =
  | { readonly kind: 'granted'; readonly untilMs: number }
  | { readonly kind: 'held'; readonly retryAfterSeconds: number };

const leaseKey = (access: Access, key: string) => ({
  pk: leasePartition(writablePlace(access)),
  sk: key,
});

/** Work on a key that one holder says it does; it ends by itself and hinders nobody from writing. */
export async function takeLease(
  context: CacheContext,
  access: Access,
  lease: { readonly key: string; readonly holder: string; readonly seconds: number },
): Promise<LeaseResult> {
  return (await leaseUpstream(context, lease)) ?? (await takeLocalLease(context, access, lease));
}

/** Machines of other proxies want it, too; null where the endpoint cannot be asked. */
async function leaseUpstream(
  context: CacheContext,
  { key, ...lease }: { readonly key: string; readonly holder: string; readonly seconds: number },
): Promise<LeaseResult | null> {
  const answer = await context.upstream?.ask('POST', `/v1/leases/${key}`, lease);
  const granted = leaseResponseSchema.safeParse(answer?.json);
  if (granted.success) return { kind: 'granted', untilMs: Date.parse(granted.data.expires) };
  const refused = leasedSchema.safeParse(answer?.json);
  return refused.success ? held(refused.data.retryAfterSeconds * 1_000) : null;
}

async function takeLocalLease(
  context: CacheContext,
  access: Access,
  lease: { readonly key: string; readonly holder: string; readonly seconds: number },
): Promise<LeaseResult> {
  const key = leaseKey(access, lease.key);
  const nowMs = context.clock.nowMs();
  const read = await readRow(context.table, key, leaseRowSchema);
  if (read.kind === 'found' && read.row.untilMs > nowMs && read.row.holder !== lease.holder) {
    return held(read.row.untilMs - nowMs);
  }
  const untilMs = nowMs + lease.seconds * 1_000;
  const body = { holder: lease.holder, untilMs };
  const expect = read.kind === 'absent' ? 'absent' : read.version;
  const written = await context.table.write({ key, body, expect });
  return written.kind === 'written' ? { kind: 'granted', untilMs } : held(lease.seconds * 1_000);
}

export async function endLease(
  context: CacheContext,
  access: Access,
  lease: { readonly key: string; readonly holder: string },
): Promise<void> {
  await context.upstream?.ask('DELETE', `/v1/leases/${lease.key}`, { holder: lease.holder });
  const key = leaseKey(access, lease.key);
  const read = await readRow(context.table, key, leaseRowSchema);
  if (read.kind === 'found' && read.row.holder === lease.holder) {
    await context.table.remove(key, read.version);
  }
}

const held = (ms: number): LeaseResult => ({
  kind: 'held',
  retryAfterSeconds: Math.max(1, Math.ceil(ms / 1_000)),
});
