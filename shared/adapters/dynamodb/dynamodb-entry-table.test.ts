import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EntryWrite } from '../../ports/entry-table.ts';
import { createDynamoDbEntryTable } from './dynamodb-entry-table.ts';

const client = new DynamoDBClient({ region: 'us-east-1' });
const mock = mockClient(client);
const pauses: number[] = [];
const pause = async (tries: number): Promise<void> => void pauses.push(tries);
const table = createDynamoDbEntryTable(client, { tableName: 't', pause });
const key = { pk: 'p', sk: 's' };
const write: EntryWrite = { key, body: { state: 'STARTED', at: 7 }, expect: 1 };
const stored = {
  pk: { S: 'p' },
  sk: { S: 's' },
  rowVersion: { N: '2' },
  state: { S: 'STARTED' },
  at: { N: '7' },
};

beforeEach(() => {
  mock.reset();
  pauses.length = 0;
});

function failed(name: string, fields: object = {}, attempts = 1): Error {
  const $metadata = { httpStatusCode: 400, attempts };
  return Object.assign(new Error(name), { name, $metadata, ...fields });
}

const canceled = (...codes: string[]): Error =>
  failed('TransactionCanceledException', {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

describe('writing an entry', () => {
  it('stores fields as attributes of their own, on condition of the version', async () => {
    mock.on(PutItemCommand).resolves({});
    expect(await table.write(write)).toEqual({ kind: 'written' });
    await table.write({ ...write, expect: 'absent' });
    const [update, create] = mock.commandCalls(PutItemCommand).map(({ args }) => args[0].input);
    expect(update).toMatchObject({
      TableName: 't',
      Item: stored,
      ConditionExpression: '#version = :expected',
      ExpressionAttributeValues: { ':expected': { N: '1' } },
    });
    expect(create).toMatchObject({
      Item: { rowVersion: { N: '1' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
  });

  it('says conflict when the condition fails', async () => {
    mock.on(PutItemCommand).rejects(failed('ConditionalCheckFailedException', { Item: stored }));
    expect(await table.write(write)).toEqual({ kind: 'conflict' });
  });

  it('knows its own write again when only the answer was lost', async () => {
    const lost = failed('ConditionalCheckFailedException', { Item: stored }, 2);
    mock.on(PutItemCommand).rejects(lost);
    expect(await table.write(write)).toEqual({ kind: 'written' });
    const other = { ...stored, at: { N: '8' } };
    mock.on(PutItemCommand).rejects(failed('ConditionalCheckFailedException', { Item: other }, 2));
    expect(await table.write(write)).toEqual({ kind: 'conflict' });
  });

  it('waits for a transaction of someone else, and not for ever', async () => {
    mock.on(PutItemCommand).rejectsOnce(failed('TransactionConflictException')).resolvesOnce({});
    expect(await table.write(write)).toEqual({ kind: 'written' });
    expect(pauses).toEqual([1]);
    mock.on(TransactWriteItemsCommand).rejects(canceled('TransactionConflict', 'None'));
    const busy = table.writeAll([write]);
    await expect(busy).rejects.toMatchObject({ code: 'TransactionConflict', retryable: true });
    expect(mock.commandCalls(TransactWriteItemsCommand)).toHaveLength(5);
  });

  it.each([
    ['ProvisionedThroughputExceededException', true],
    ['ThrottlingException', true],
    ['ResourceNotFoundException', false],
    ['AccessDeniedException', false],
  ])('throws %s with retryable %s', async (code, retryable) => {
    mock.on(PutItemCommand).rejects(failed(code));
    const refused = table.write(write);
    await expect(refused).rejects.toMatchObject({ code, retryable, subject: key });
  });

  it('refuses a body with a name of its own, or a value without a form', async () => {
    for (const body of [{ pk: 'x' }, { rowVersion: 3 }, { n: Number.NaN }]) {
      const refused = table.write({ ...write, body });
      await expect(refused).rejects.toMatchObject({ code: 'InvalidEntry', retryable: false });
    }
    expect(mock.calls()).toHaveLength(0);
  });
});

describe('writing entries together', () => {
  it('says conflict when one condition failed, whatever the other reasons', async () => {
    mock
      .on(TransactWriteItemsCommand)
      .rejects(canceled('TransactionConflict', 'ConditionalCheckFailed'));
    expect(await table.writeAll([write, { ...write, expect: 2 }])).toEqual({ kind: 'conflict' });
  });

  it.each([
    ['ThrottlingError', true],
    ['ProvisionedThroughputExceeded', true],
  ])('throws %s as a retryable fault', async (code, retryable) => {
    mock.on(TransactWriteItemsCommand).rejects(canceled('None', code));
    await expect(table.writeAll([write])).rejects.toMatchObject({ code, retryable });
  });

  it('throws a reason that no retry cures as a final fault', async () => {
    mock.on(TransactWriteItemsCommand).rejects(canceled('ValidationError'));
    await expect(table.writeAll([write])).rejects.toMatchObject({
      code: 'TransactionCanceledException',
      retryable: false,
    });
  });
});

describe('reading', () => {
  it('reads strongly consistently, and refuses an item of someone else', async () => {
    mock.on(GetItemCommand).resolves({ Item: stored });
    const entry = await table.read(key);
    expect(entry).toEqual({ key, version: 2, body: { state: 'STARTED', at: 7 } });
    expect(mock.commandCalls(GetItemCommand)[0]?.args[0].input).toMatchObject({
      ConsistentRead: true,
    });
    mock.on(GetItemCommand).resolves({ Item: { pk: { S: 'p' }, sk: { S: 's' } } });
    await expect(table.read(key)).rejects.toMatchObject({ code: 'InvalidItem', retryable: false });
  });

  it('goes through pages until it has enough', async () => {
    const item = (sk: string) => ({ ...stored, sk: { S: sk } });
    const mark = { pk: { S: 'p' }, sk: { S: '8' } };
    mock
      .on(QueryCommand)
      .resolvesOnce({ Items: [item('9'), item('8')], LastEvaluatedKey: mark })
      .resolvesOnce({ Items: [], LastEvaluatedKey: mark })
      .resolvesOnce({ Items: [item('7')], LastEvaluatedKey: mark });
    const entries = await table.readBefore('p', 'x', 3);
    expect(entries.map((entry) => entry.key.sk)).toEqual(['9', '8', '7']);
    const inputs = mock.commandCalls(QueryCommand).map(({ args }) => args[0].input);
    expect(inputs).toMatchObject([
      { Limit: 3, ConsistentRead: true, ScanIndexForward: false },
      { Limit: 1, ExclusiveStartKey: mark },
      { Limit: 1, ExclusiveStartKey: mark },
    ]);
  });
});
