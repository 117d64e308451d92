import {
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { Entry, EntryKey, RemovableEntryTable } from '../../ports/entry-table.ts';
import { type Pause, pauseWithJitter } from '../aws/pause.ts';
import { describeFailure } from '../aws/service-failure.ts';
import { toEntryTableError } from './dynamodb-error.ts';
import { fromItem, type Item, toItemKey } from './dynamodb-item.ts';
import { removeEntry, type TableContext, writeEntries, writeEntry } from './dynamodb-write.ts';

export interface DynamoDbTableSettings {
  readonly tableName: string;
  readonly pause?: Pause;
}

/** A table with the string keys `pk` and `sk`. */
export function createDynamoDbEntryTable(
  client: DynamoDBClient,
  settings: DynamoDbTableSettings,
): RemovableEntryTable {
  const { tableName, pause = pauseWithJitter } = settings;
  const context = { client, tableName, pause };
  return {
    read: (key) => readEntry(context, key),
    write: (entry) => writeEntry(context, entry),
    writeAll: (entries) => writeEntries(context, entries),
    readBefore: (pk, before, countMax) => readBefore(context, pk, before, countMax),
    remove: (key, version) => removeEntry(context, key, version),
  };
}

async function readEntry(context: TableContext, key: EntryKey): Promise<Entry | null> {
  const command = new GetItemCommand({
    TableName: context.tableName,
    Key: toItemKey(key),
    ConsistentRead: true,
  });
  const { Item: item } = await faultOf(key, () => context.client.send(command));
  return item === undefined ? null : fromItem(item, key);
}

/** A page ends at 1 MB, whatever the limit: pages are read until there are enough entries. */
async function readBefore(
  context: TableContext,
  pk: string,
  before: string,
  countMax: number,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  if (before === '') return entries; // nothing sorts before it, and DynamoDB refuses it
  const subject = { pk, sk: before };
  let start: Item | undefined;
  while (entries.length < countMax) {
    const limit = countMax - entries.length;
    const page = await faultOf(subject, () => queryPage(context, subject, limit, start));
    for (const item of page.Items ?? []) entries.push(fromItem(item, subject));
    start = page.LastEvaluatedKey;
    if (start === undefined) break;
  }
  return entries;
}

function queryPage(
  context: TableContext,
  before: EntryKey,
  limit: number,
  start: Item | undefined,
): Promise<QueryCommandOutput> {
  const command = new QueryCommand({
    TableName: context.tableName,
    KeyConditionExpression: 'pk = :pk AND sk < :before',
    ExpressionAttributeValues: { ':pk': { S: before.pk }, ':before': { S: before.sk } },
    ScanIndexForward: false,
    ConsistentRead: true,
    Limit: limit,
    ...(start === undefined ? {} : { ExclusiveStartKey: start }),
  });
  return context.client.send(command);
}

async function faultOf<T>(subject: EntryKey, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (cause) {
    throw toEntryTableError(describeFailure(cause), subject, cause);
  }
}
