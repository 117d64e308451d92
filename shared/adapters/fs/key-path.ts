import { join } from 'node:path';
import { type ObjectReference, ObjectStoreError } from '../../ports/object-store.ts';

/** Longest name of one folder; file systems take 255 bytes. */
const NAME_CHARACTERS_MAX = 200;
const KEY_BYTES_MAX = 1_024;
const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;

/** Ends the folder name that holds an object; `OPEN_END` says that the key goes on below it. */
const CLOSED_END = '=';
const OPEN_END = '+';

/**
 * A key is never a path. Every byte but a few is escaped (upper case as well, for file systems
 * that fold it), cut into names of a bounded length, and each name gets an end that no key can
 * write: ".." becomes "..=", an ordinary folder.
 */
export function keyToFolder(root: string, reference: ObjectReference): string {
  const escaped = escapeKey(checkKey(reference));
  const names: string[] = [];
  let start = 0;
  for (; start + NAME_CHARACTERS_MAX < escaped.length; start += NAME_CHARACTERS_MAX) {
    names.push(`${escaped.slice(start, start + NAME_CHARACTERS_MAX)}${OPEN_END}`);
  }
  names.push(`${escaped.slice(start)}${CLOSED_END}`);
  return join(bucketFolder(root, reference), 'objects', ...names);
}

export function bucketFolder(root: string, reference: ObjectReference): string {
  if (BUCKET.test(reference.bucket)) return join(root, reference.bucket);
  const message = 'a bucket name has 3 to 63 of a-z, 0-9, "-" and single "."';
  throw new ObjectStoreError('InvalidBucketName', reference, { message, retryable: false });
}

/** By byte, so that the escaped prefix of a key is the prefix of the escaped key. */
export const escapeKey = (key: string): string =>
  [...Buffer.from(key, 'utf8')].map((byte) => ESCAPES[byte] ?? '').join('');

const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[a-z0-9._-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
});

/** What a folder name says of the key, or null where it is not one of ours. */
export function readFolderName(
  name: string,
): { readonly escaped: string; readonly isClosed: boolean } | null {
  const end = name.at(-1);
  if (end !== CLOSED_END && end !== OPEN_END) return null;
  return { escaped: name.slice(0, -1), isClosed: end === CLOSED_END };
}

export function unescapeKey(escaped: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] === '%') {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      bytes.push(escaped.charCodeAt(at));
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

function checkKey(reference: ObjectReference): string {
  const bytes = Buffer.from(reference.key, 'utf8');
  const isText = bytes.toString('utf8') === reference.key; // half of a surrogate pair is not
  if (isText && bytes.length > 0 && bytes.length <= KEY_BYTES_MAX) return reference.key;
  const message = `a key has 1 to ${KEY_BYTES_MAX} bytes of UTF-8`;
  throw new ObjectStoreError('InvalidKey', reference, { message, retryable: false });
}
