import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import {
  type Entry,
  type EntryKey,
  EntryTableError,
  type EntryValue,
  type EntryWrite,
} from '../../ports/entry-table.ts';

export type Item = Record<string, AttributeValue>;

/** Attribute that counts the writes of an item; a body cannot use these names. */
export const VERSION_ATTRIBUTE = 'rowVersion';
const OWN_ATTRIBUTES: readonly string[] = ['pk', 'sk', VERSION_ATTRIBUTE];

const valueSchema: z.ZodType<EntryValue> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(valueSchema),
    z.record(z.string(), valueSchema),
  ]),
);
const itemSchema = z
  .object({ pk: z.string(), sk: z.string(), [VERSION_ATTRIBUTE]: z.int().min(1) })
  .catchall(valueSchema);

export const nextVersion = (write: EntryWrite): number =>
  write.expect === 'absent' ? 1 : write.expect + 1;

/** Fields become attributes of their own, so that the console shows a row as a person reads it. */
export function toItem(write: EntryWrite): Item {
  const taken = OWN_ATTRIBUTES.find((name) => name in write.body);
  if (taken !== undefined) {
    const message = `a body may not have a field "${taken}"`;
    throw new EntryTableError('InvalidEntry', write.key, { message, retryable: false });
  }
  try {
    return marshall({ ...write.body, ...write.key, [VERSION_ATTRIBUTE]: nextVersion(write) });
  } catch (cause) {
    const message = 'a value has no DynamoDB form';
    throw new EntryTableError('InvalidEntry', write.key, { message, retryable: false, cause });
  }
}

export const toItemKey = (key: EntryKey): Item => marshall({ pk: key.pk, sk: key.sk });

export function fromItem(item: Item, key: EntryKey): Entry {
  const parsed = itemSchema.safeParse(unmarshall(item));
  if (!parsed.success) {
    const message = `the item was not written by us: ${z.prettifyError(parsed.error)}`;
    throw new EntryTableError('InvalidItem', key, { message, retryable: false });
  }
  const { pk, sk, [VERSION_ATTRIBUTE]: version, ...body } = parsed.data;
  return { key: { pk, sk }, version, body };
}
