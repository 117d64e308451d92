import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const FILES_MAX = 1_000_000;

export const isGlob = (path: string): boolean => /[*?[\]]/u.test(path);

/** Files whose paths match: `*` and `?` within a name, `**` over folders, `[abc]` for one character. */
export async function expandGlob(pattern: string): Promise<readonly string[]> {
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  const base = parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.');
  const matches = toRegExp(parts.slice(first).join('/'));
  const found = await listFiles(base);
  return found
    .filter((file) => matches.test(file))
    .map((file) => (first === 0 ? file : join(base, file)));
}

/** Every file below a folder, relative to it; hidden ones are left out. */
export async function listFiles(folder: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFiles(folder, path)));
    else if (await isFile(join(folder, path))) found.push(path);
    if (found.length > FILES_MAX) throw new Error(`more than ${FILES_MAX} files below ${folder}`);
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}

function toRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]*\]|[^*?[]+|\[/gu, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1 && token.startsWith('[') && token.endsWith(']')) {
      return `[${token.slice(1, -1).replace(/^!/u, '^').replace(/\\/gu, '\\\\')}]`;
    }
    return token.replace(/[\\^$.|+(){}[\]]/gu, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u');
}
