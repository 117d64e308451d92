// What the tests need of Markdown: fenced blocks, links and headings. Not a parser of all of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');
/** Pages of which others write the text. */
const SKIPPED = new Set([
  'node_modules',
  'dist',
  'target',
  'cdk.out',
  '.git',
  '.setup',
  '.mithril',
]);

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Without the blocks; lines are where they were. */
  readonly prose: string;
}

/** Every page of the repository that a person reads. */
export function readPages(): readonly Page[] {
  return findPages(ROOT)
    .toSorted()
    .map((file) => parsePage(relative(ROOT, file), readFileSync(file, 'utf8')));
}

function findPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return findPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

export function parsePage(path: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { indent: number; language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^(?<indent> *)```(?<language>[\w-]*)/u.exec(line)?.groups;
    prose.push(open === null && fence === undefined ? line : '');
    if (fence === undefined) open?.lines.push(line.slice(open.indent));
    else if (open === null) {
      const { indent = '', language = '' } = fence;
      open = { indent: indent.length, language, line: index + 2, lines: [] };
    } else {
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${path}:${open.line}: a fence is not closed`);
  return { path, blocks, prose: prose.join('\n') };
}

/** Targets of links and pictures, Markdown's and HTML's, in the order in which they stand. */
export function linksOf({ prose }: Page): readonly string[] {
  const text = prose.replaceAll(/`[^`\n]*`/gu, '``');
  const markdown = [...text.matchAll(/\]\((?<target>[^()\s]+(?:\([^()\s]*\))?)\)/gu)];
  const html = [...text.matchAll(/(?:src|srcset|href)="(?<target>[^"]+)"/gu)];
  return [...markdown, ...html].map(({ groups }) => groups?.['target'] ?? '');
}

/** Anchors of a page as GitHub makes them: of headings, and those set by hand. */
export function anchorsOf({ prose }: Page): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const { groups } of prose.matchAll(/^#{1,6} (?<title>.+)$/gmu)) {
    const slug = (groups?.['title'] ?? '')
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  for (const [, id = ''] of prose.matchAll(/<a (?:id|name)="([^"]+)"/gu)) anchors.add(id);
  return anchors;
}
