// Digests of inputs: the key under which a built result may be used again.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Files under `folder`, as sorted paths relative to it; names in `skip` are left out. */
export function listFiles(folder, skip = new Set()) {
  const found = [];
  const visit = (relative) => {
    for (const entry of fs.readdirSync(path.join(folder, relative), { withFileTypes: true })) {
      if (skip.has(entry.name)) continue;
      const name = path.posix.join(relative, entry.name);
      if (entry.isDirectory()) visit(name);
      else if (entry.isFile()) found.push(name);
    }
  };
  visit('');
  return found.sort((a, b) => (a < b ? -1 : 1));
}

/** One digest of strings and of files' names and contents, independent of where they lie. */
export function digestOf({ texts = [], files = [] }) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`text ${Buffer.byteLength(text)}\n${text}`);
  for (const { name, file } of files) {
    const content = fs.readFileSync(file);
    hash.update(`file ${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}
