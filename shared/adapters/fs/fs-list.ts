import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ListedVersion,
  type ListPage,
  type ObjectReference,
  ObjectStoreError,
} from '../../ports/object-store.ts';
import { decodeCursor, encodeCursor } from '../cursor/cursor.ts';
import { ifThere } from './fs-error.ts';
import { toObjectVersion } from './fs-read.ts';
import { bucketFolder, escapeKey, readFolderName, unescapeKey } from './key-path.ts';
import { listSlots, readSlot } from './version-record.ts';

const PAGE_ENTRIES_MAX = 1_000;

interface Found {
  readonly key: string;
  readonly bytes: Buffer;
  readonly folder: string;
}

interface Mark {
  readonly key: Buffer;
  /** Versions of the key below this number are still to come. */
  readonly slot: number;
}

/**
 * In the order of S3: keys by byte, versions newest first. Every page walks the names of the
 * prefix again (no record is opened for that), which is meant for thousands of objects.
 */
export async function listFilePage(
  root: string,
  subject: ObjectReference,
  cursor: string | null,
): Promise<ListPage> {
  const mark = readMark(subject, cursor);
  const top = join(bucketFolder(root, subject), 'objects');
  const found: Found[] = [];
  await collect(top, '', escapeKey(subject.key), found);
  found.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const versions: ListedVersion[] = [];
  for (const entry of found) {
    const order = mark === null ? 1 : Buffer.compare(entry.bytes, mark.key);
    if (order < 0) continue;
    const below = order === 0 && mark !== null ? mark.slot : Number.POSITIVE_INFINITY;
    const full = await listEntry(subject.bucket, entry, below, versions);
    if (full !== null) return { versions, cursor: encodeCursor([entry.key, String(full)]) };
  }
  return { versions, cursor: null };
}

/** Adds versions of one key; the number of the last one where the page is full. */
async function listEntry(
  bucket: string,
  entry: Found,
  below: number,
  versions: ListedVersion[],
): Promise<number | null> {
  let isCurrent = true;
  for (const slot of await listSlots(entry.folder)) {
    const version = await readSlot(entry.folder, slot, { bucket, key: entry.key });
    if (version === null) continue;
    if (slot < below) {
      versions.push({ object: toObjectVersion(bucket, version), isCurrent });
      if (versions.length === PAGE_ENTRIES_MAX) return slot;
    }
    isCurrent = false;
  }
  return null;
}

/** Walks only into folders whose name can lead to the prefix. */
async function collect(
  folder: string,
  escapedAbove: string,
  prefix: string,
  found: Found[],
): Promise<void> {
  for (const name of (await ifThere(readdir(folder))) ?? []) {
    const part = readFolderName(name);
    if (part === null) continue;
    const escaped = escapedAbove + part.escaped;
    const isUnder = escaped.startsWith(prefix);
    if (part.isClosed && isUnder) {
      const key = unescapeKey(escaped);
      found.push({ key, bytes: Buffer.from(key, 'utf8'), folder: join(folder, name) });
    }
    if (!part.isClosed && (isUnder || prefix.startsWith(escaped))) {
      await collect(join(folder, name), escaped, prefix, found);
    }
  }
}

function readMark(subject: ObjectReference, cursor: string | null): Mark | null {
  if (cursor === null) return null;
  const [key, slot] = decodeCursor(cursor) ?? [];
  if (key !== undefined && slot !== undefined && /^\d{1,8}$/.test(slot)) {
    return { key: Buffer.from(key, 'utf8'), slot: Number.parseInt(slot, 10) };
  }
  const message = 'the cursor is not one of a page before';
  throw new ObjectStoreError('InvalidCursor', subject, { message, retryable: false });
}
