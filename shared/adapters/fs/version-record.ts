import { link, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { byteCountSchema } from '../../contracts/brands.ts';
import { type ObjectReference, ObjectStoreError } from '../../ports/object-store.ts';
import { flushFolder, writeFlushed } from './durable-file.ts';
import { ifThere, systemCode } from './fs-error.ts';

/** One version of an object, in a file of its own: `v00000001.json`, counted from 1. */
const storedVersionSchema = z.strictObject({
  kind: z.literal('version'),
  key: z.string(),
  versionId: z.string().regex(/^\d{8}\.[0-9a-f]{16}$/),
  etag: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: byteCountSchema,
  crc32: z.string().regex(/^[0-9a-f]{8}$/),
  lastModifiedMs: z.int().min(0),
  contentType: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  /** Name of the file with the bytes, beside the record. */
  data: z.string().regex(/^d-[0-9a-f]{32}$/),
});
export type StoredVersion = z.infer<typeof storedVersionSchema>;

/** A retired version keeps its number, so that no later one can be mistaken for it. */
const recordSchema = z.discriminatedUnion('kind', [
  storedVersionSchema,
  z.strictObject({ kind: z.literal('retired') }),
]);
type VersionRecord = z.infer<typeof recordSchema>;

const RECORD_NAME = /^v(\d{8})\.json$/;
const recordName = (slot: number): string => `v${String(slot).padStart(8, '0')}.json`;

export const slotOf = (versionId: string): number => Number.parseInt(versionId.slice(0, 8), 10);
export const versionIdOf = (slot: number, random: string): string =>
  `${String(slot).padStart(8, '0')}.${random}`;

/** Numbers that are taken in the folder, highest first; none where there is no folder. */
export async function listSlots(folder: string): Promise<number[]> {
  const names = (await ifThere(readdir(folder))) ?? [];
  return names
    .flatMap((name) => {
      const slot = RECORD_NAME.exec(name)?.[1];
      return slot === undefined ? [] : [Number.parseInt(slot, 10)];
    })
    .sort((a, b) => b - a);
}

/** Null where the slot is free or its version retired. */
export async function readSlot(
  folder: string,
  slot: number,
  subject: ObjectReference,
): Promise<StoredVersion | null> {
  const text = await ifThere(readFile(join(folder, recordName(slot)), 'utf8'));
  if (text === null) return null;
  const record = parseRecord(text, subject);
  return record.kind === 'version' ? record : null;
}

/** The version asked for, or the newest one that is not retired. */
export async function findVersion(
  folder: string,
  reference: ObjectReference,
): Promise<StoredVersion | null> {
  const { versionId } = reference;
  if (versionId !== undefined && versionId !== null) {
    const found = await readSlot(folder, slotOf(versionId), reference);
    return found?.versionId === versionId ? found : null;
  }
  for (const slot of await listSlots(folder)) {
    const found = await readSlot(folder, slot, reference);
    if (found !== null) return found;
  }
  return null;
}

/** Takes a number for a record; false when another process has it. The one point of commit. */
export async function takeSlot(
  folder: string,
  slot: number,
  record: StoredVersion,
  temporary: string,
): Promise<boolean> {
  await writeFlushed(temporary, JSON.stringify(record));
  try {
    await link(temporary, join(folder, recordName(slot)));
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await flushFolder(folder);
  return true;
}

export async function retireSlot(
  folder: string,
  version: StoredVersion,
  temporary: string,
): Promise<void> {
  const retired: VersionRecord = { kind: 'retired' };
  await writeFlushed(temporary, JSON.stringify(retired));
  await rename(temporary, join(folder, recordName(slotOf(version.versionId))));
  await flushFolder(folder);
  await rm(join(folder, version.data), { force: true });
}

function parseRecord(text: string, subject: ObjectReference): VersionRecord {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = 'the record of a version is damaged';
    throw new ObjectStoreError('InvalidRecord', subject, { message, retryable: false, cause });
  }
}
