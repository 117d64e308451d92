#!/usr/bin/env node
import fs from 'node:fs';
// Bundles the command line: cli/*.ts entry points to dist/cli, so that it starts without tsx.
import { createRequire } from 'node:module';
import path from 'node:path';
import { fillFolder, ROOT, readStamp, writeStamp } from './system/cache.mjs';
import { digestOf, listFiles } from './system/digest.mjs';
import { asProgram, isProgram } from './system/program.mjs';

const ENTRIES = ['cli/mithril.ts', 'cli/mithril-checkpoint.ts', 'cli/mithril-dedup.ts'];
const OUT = path.join(ROOT, 'dist', 'cli');
const SOURCES = ['cli', 'shared'];

// What cannot be bundled: native modules find their binary beside themselves, and the CDK
// command is a program of its own.
const EXTERNAL = [
  '*.node',
  'lmdb',
  'zstd-napi',
  'mithril-native',
  'mithril-dedup',
  'aws-cdk',
  'aws-cdk-lib',
  'esbuild',
];

// Bundled CommonJS packages call require(); an ES module has none of its own. The entry carries
// it, chunks are loaded by the entry.
const BANNER =
  "import { createRequire as __createRequire } from 'node:module';" +
  'const require = __createRequire(import.meta.url);';

/** Why dist/cli must be bundled again, or null. */
export async function staleCliBecause() {
  const stamp = readStamp('cli');
  if (!stamp || !fs.existsSync(OUT)) return 'not bundled yet';
  return stamp.digest === sourcesDigest() ? null : 'sources changed';
}

/** Bundles the entry points. Returns the files written, relative to the repository. */
export async function buildCli({ line = () => {} } = {}) {
  const digest = sourcesDigest();
  const { build } = createRequire(import.meta.url)('esbuild');
  let outputs = [];
  await fillFolder(OUT, async (folder) => {
    const result = await build(cliBundleOptions(folder));
    outputs = Object.keys(result.metafile.outputs).map((file) => path.basename(file));
    for (const entry of ENTRIES) fs.chmodSync(path.join(folder, outputName(entry)), 0o755);
  });
  line(`${outputs.length} files`);
  writeStamp('cli', { digest });
  return outputs.map((file) => path.join('dist', 'cli', file));
}

/** How esbuild bundles the command line; the tests bundle it the same way elsewhere. */
export function cliBundleOptions(outdir) {
  return {
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    external: EXTERNAL,
    banner: { js: BANNER },
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
  };
}

const outputName = (entry) => path.basename(entry).replace(/\.ts$/, '.js');

function sourcesDigest() {
  const files = SOURCES.flatMap((folder) => {
    const place = path.join(ROOT, folder);
    if (!fs.existsSync(place)) return [];
    const names = listFiles(place).filter((name) => /\.(ts|json)$/.test(name));
    return names.map((name) => ({ name: `${folder}/${name}`, file: path.join(place, name) }));
  });
  const own = ['package-lock.json', 'scripts/build-cli.mjs'];
  return digestOf({
    files: [...files, ...own.map((name) => ({ name, file: path.join(ROOT, name) }))],
  });
}

if (isProgram(import.meta.url)) {
  await asProgram(async () => {
    for (const file of await buildCli()) process.stdout.write(`${file}\n`);
  });
}
