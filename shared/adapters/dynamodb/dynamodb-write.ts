import { isDeepStrictEqual } from 'node:util';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import {
  type EntryKey,
  type EntryWrite,
  type EntryWriteResult,
  requireFewEntries,
} from '../../ports/entry-table.ts';
import type { Pause } from '../aws/pause.ts';
import type { ServiceFailure } from '../aws/service-failure.ts';
import { classifyWriteFailure, toEntryTableError } from './dynamodb-error.ts';
import { type Item, toItem, toItemKey, VERSION_ATTRIBUTE } from './dynamodb-item.ts';

export interface TableContext {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly pause: Pause;
}

/** Tries against a transaction of someone else that holds the item; the SDK makes none. */
const BUSY_TRIES_MAX = 5;

export async function writeEntry(
  context: TableContext,
  write: EntryWrite,
): Promise<EntryWriteResult> {
  const put = toPut(context, write);
  const command = () =>
    new PutItemCommand({ ...put, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
  return sendWrite(
    context,
    write.key,
    async () => void (await context.client.send(command())),
    put,
  );
}

/** The SDK gives each command one token, so that its own retries cannot fail on themselves. */
export async function writeEntries(
  context: TableContext,
  writes: readonly EntryWrite[],
): Promise<EntryWriteResult> {
  const first = writes[0];
  if (first === undefined) return { kind: 'written' };
  requireFewEntries(writes);
  const items = writes.map((write) => ({ Put: toPut(context, write) }));
  const command = () => new TransactWriteItemsCommand({ TransactItems: items });
  return sendWrite(
    context,
    first.key,
    async () => void (await context.client.send(command())),
    null,
  );
}

/** An answer that got lost makes this a `conflict`: what was to go is gone. */
export async function removeEntry(
  context: TableContext,
  key: EntryKey,
  version: number,
): Promise<EntryWriteResult> {
  const command = () =>
    new DeleteItemCommand({
      TableName: context.tableName,
      Key: toItemKey(key),
      ...versionIs(version),
    });
  return sendWrite(context, key, async () => void (await context.client.send(command())), null);
}

async function sendWrite(
  context: TableContext,
  subject: EntryKey,
  send: () => Promise<void>,
  put: { readonly Item: Item } | null,
): Promise<EntryWriteResult> {
  for (let tries = 1; ; tries += 1) {
    try {
      await send();
      return { kind: 'written' };
    } catch (cause) {
      const { kind, failure } = classifyWriteFailure(cause);
      if (kind === 'conflict') return isOwnWrite(failure, cause, put) ? WRITTEN : CONFLICT;
      if (kind === 'fault' || tries === BUSY_TRIES_MAX) {
        throw toEntryTableError(failure, subject, cause);
      }
    }
    await context.pause(tries);
  }
}

const WRITTEN: EntryWriteResult = { kind: 'written' };
const CONFLICT: EntryWriteResult = { kind: 'conflict' };

const refusedSchema = z.object({ Item: z.record(z.string(), z.unknown()) });

/**
 * The answer to a put got lost, the SDK sent it again, and it lost against itself: what stands
 * there is then, to the last attribute, what we wrote. Never assumed of a request sent once.
 */
function isOwnWrite(
  failure: ServiceFailure,
  cause: unknown,
  put: { readonly Item: Item } | null,
): boolean {
  if (put === null || failure.attempts < 2) return false;
  const refused = refusedSchema.safeParse(cause);
  return refused.success && isDeepStrictEqual({ ...refused.data.Item }, { ...put.Item });
}

function toPut(context: TableContext, write: EntryWrite) {
  const base = { TableName: context.tableName, Item: toItem(write) };
  if (write.expect === 'absent') {
    return { ...base, ConditionExpression: 'attribute_not_exists(pk)' };
  }
  return { ...base, ...versionIs(write.expect) };
}

const versionIs = (version: number) => ({
  ConditionExpression: '#version = :expected',
  ExpressionAttributeNames: { '#version': VERSION_ATTRIBUTE },
  ExpressionAttributeValues: { ':expected': { N: String(version) } },
});
