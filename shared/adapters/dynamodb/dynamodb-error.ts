import { z } from 'zod';
import { type EntryKey, EntryTableError } from '../../ports/entry-table.ts';
import { describeFailure, type ServiceFailure } from '../aws/service-failure.ts';

/** What a failed write says: lost to another writer, worth another try here, or a fault. */
export type WriteFailure =
  | { readonly kind: 'conflict'; readonly failure: ServiceFailure }
  | { readonly kind: 'busy' | 'fault'; readonly failure: ServiceFailure };

const CONDITION_FAILED = 'ConditionalCheckFailed';
const BUSY_CODES: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'TransactionConflictException',
  'TransactionInProgressException',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

const canceledSchema = z.object({
  CancellationReasons: z.array(z.object({ Code: z.string().optional() })),
});

/** A transaction names one reason an item; one failed condition decides over all others. */
export function classifyWriteFailure(error: unknown): WriteFailure {
  const failure = describeFailure(error);
  if (failure.code === 'ConditionalCheckFailedException') return { kind: 'conflict', failure };
  if (BUSY_CODES.has(failure.code)) return { kind: 'busy', failure };
  if (failure.code !== 'TransactionCanceledException') return { kind: 'fault', failure };
  const canceled = canceledSchema.safeParse(error);
  const codes = canceled.success
    ? canceled.data.CancellationReasons.map((reason) => reason.Code ?? 'None')
    : [];
  if (codes.includes(CONDITION_FAILED)) return { kind: 'conflict', failure };
  const busy = codes.find((code) => BUSY_CODES.has(code));
  if (busy === undefined) return { kind: 'fault', failure };
  return { kind: 'busy', failure: { ...failure, code: busy, retryable: true } };
}

export function toEntryTableError(
  failure: ServiceFailure,
  subject: EntryKey,
  cause: unknown,
): EntryTableError {
  const status = failure.status === null ? '' : ` (HTTP ${failure.status})`;
  const message = `${failure.message || 'no message'}${status}`;
  const { code, retryable } = failure;
  return new EntryTableError(code, subject, { message, retryable, cause });
}
