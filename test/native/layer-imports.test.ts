import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './lambda-opt.ts';

/**
 * Matches an ES module import of a module that lives in a layer on Lambda: static, for its side
 * effects, re-exported or dynamic. A type import leaves nothing behind in the bundle.
 */
const BARE_IMPORT =
  /(?:^|[;}\s])(?:(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s*)?|import\s*\(\s*)['"](?:zstd-napi|mithril-native|mithril-dedup)(?:\/[^'"]*)?['"]/mu;

const FOLDERS = ['functions', 'shared'];

async function sourcesOf(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(ROOT, folder), { recursive: true });
  return entries
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => path.join(folder, name));
}

it('no function and nothing it can reach imports a layer module as an ES module', async () => {
  const sources = (await Promise.all(FOLDERS.map(sourcesOf))).flat();
  expect(sources.length).toBeGreaterThan(10);
  const offenders: string[] = [];
  for (const file of sources) {
    if (BARE_IMPORT.test(await readFile(path.join(ROOT, file), 'utf8'))) offenders.push(file);
  }
  expect(offenders, 'load these with createRequire: imports do not look in layers').toEqual([]);
});

it.each([
  "import { compress } from 'zstd-napi';",
  "import * as native from 'mithril-native';",
  'import native from "mithril-native";\nimport \'node:fs\';',
  "import {\n  compress,\n} from 'zstd-napi';",
  "import 'mithril-native';",
  "import dedup from 'mithril-dedup';",
  "export { compress } from 'zstd-napi';",
  "const zstd = await import('zstd-napi');",
  "import { a } from 'zstd-napi/dist/index.js';",
])('refuses %j', (source) => {
  expect(BARE_IMPORT.test(source)).toBe(true);
});

it.each([
  "import type { Compressor } from 'zstd-napi';",
  "const zstd = createRequire(import.meta.url)('zstd-napi');",
  "import { createRequire } from 'node:module';\nconst name = 'zstd-napi';",
  '// zstd-napi is loaded with createRequire',
])('allows %j', (source) => {
  expect(BARE_IMPORT.test(source)).toBe(false);
});
