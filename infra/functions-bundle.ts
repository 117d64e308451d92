import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/**
 * Loaded from layers by createRequire at run time; ES module imports do not look in layers, and a
 * bundler must not follow them.
 */
export const LAYER_MODULES = ['mithril-native', 'mithril-dedup', 'zstd-napi'];

/** ES modules have no `require`; the parts of the SDK that call it get one. */
const REQUIRE_BANNER =
  "import{createRequire as mithrilCreateRequire}from'node:module';" +
  'const require=mithrilCreateRequire(import.meta.url);';

export const functionNames = (root: string): readonly string[] =>
  readdirSync(join(root, 'functions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

/**
 * Bundles every handler by one esbuild call into `<outdir>/<function>/index.mjs` and the chunks
 * that they share: one asset of 2 MB for all functions, where NodejsFunction would make one of
 * 1.9 MB for each. Names and lines are kept, so that stack traces in the log can be read.
 */
export function bundleFunctions(root: string, outdir: string): string {
  rmSync(outdir, { recursive: true, force: true });
  const entries = functionNames(root).map(
    (name) => [`${name}/index`, join(root, 'functions', name, 'handler.ts')] as const,
  );
  buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE_BANNER },
    external: LAYER_MODULES,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  return outdir;
}
