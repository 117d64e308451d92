import { createCipheriv, createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));
export const LARGE_BYTES = 20 * 1024 * 1024;

/** A fixture in a folder of its own. */
export async function copyFixture(name: string, folder: string): Promise<void> {
  await cp(join(FIXTURES, name), folder, { recursive: true });
}

/** What makes one build another than the last one: 20 MiB that no compressor shrinks, and a word. */
export async function writeSources(folder: string, salt: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, salt), Buffer.alloc(16));
  await writeFile(join(folder, 'large.bin'), cipher.update(Buffer.alloc(LARGE_BYTES)));
  await writeFile(join(folder, 'salt.txt'), `salt ${salt}\n`);
}

/** One digest of what a build made. */
export async function digestFiles(folder: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) hash.update(await readFile(join(folder, name)));
  return hash.digest('hex');
}
