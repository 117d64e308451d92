import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../../cli-error.ts';

/** Real text that every installed clone has: what packages say about themselves, and their licences. */
const FILES = /^(?:readme|licen[cs]e|notice|changelog)[^/]*\.?(?:md|txt)?$/iu;
const PARTS = 2;
const PARTS_BYTES_MAX = 4 * 1024 * 1024;
const WORDS_MIN = 8;

export interface Texts {
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  /** JSON lines, in this order. */
  readonly parts: readonly { readonly path: string; readonly name: string }[];
}

/** Writes the paragraphs of the packages' documents as JSON lines, in two files below `folder`. */
export async function collectTexts(packages: string, folder: string): Promise<Texts> {
  const documents = await findDocuments(packages);
  const lines: string[] = [];
  let bytes = 0;
  let files = 0;
  for (const name of documents) {
    if (bytes >= PARTS_BYTES_MAX) break;
    files += 1;
    for (const text of paragraphsOf(await readFile(join(packages, name), 'utf8'))) {
      const line = `${JSON.stringify({ id: `${name}#${lines.length}`, text })}\n`;
      lines.push(line);
      bytes += Buffer.byteLength(line);
    }
  }
  if (lines.length === 0) {
    throw new CliError(`no text was found below ${packages}`, { advice: 'Run: npm run setup' });
  }
  const half = Math.ceil(lines.length / PARTS);
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const name = `part-${part}.jsonl`;
    const content = lines.slice(part * half, (part + 1) * half).join('');
    return { path: join(folder, name), name, content };
  });
  for (const { path, content } of parts) await writeFile(path, content);
  return { rows: lines.length, bytes, files, parts };
}

/** Sorted, so that the same packages give the same rows on every machine. */
async function findDocuments(packages: string): Promise<readonly string[]> {
  const found = await readdir(packages, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && FILES.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(packages.length + 1))
    .toSorted();
}

function paragraphsOf(text: string): readonly string[] {
  return text
    .split(/\r?\n\s*\r?\n/u)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph.split(/\s+/u).length >= WORDS_MIN);
}
