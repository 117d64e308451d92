// Compiles the Node binding of the codec (native/codec-napi) with cargo.
//
// A compiled result lies in the cache folder under a digest of its sources and its compiler, so a
// second clone, or the way back to an earlier commit, compiles nothing. Below that, cargo's own
// target folder is shared by all clones: it knows which crates changed.
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, copyWhole, ROOT } from '../system/cache.mjs';
import { digestOf, listFiles } from '../system/digest.mjs';
import { run, SetupError } from '../system/process.mjs';

const NATIVE = path.join(ROOT, 'native');
const BINDING = path.join(NATIVE, 'codec-napi');
const SOURCES = ['Cargo.toml', 'Cargo.lock', '.cargo', 'codec', 'codec-napi'];
const NOT_SOURCES = new Set(['target', 'tests', 'benches', 'examples', 'dist', 'README.md']);
const RECIPE = 'codec 2';

/**
 * The file that holds the compiled binding, compiled now when no earlier build fits.
 * `rust` is { id, command, args, env }: its id names the compiler and what it compiles for.
 */
export async function codecAddon(rust, { line = () => {} } = {}) {
  const result = codecAddonResult(rust.id);
  if (fs.existsSync(result)) return result;
  copyWhole(await compile(rust, line), result);
  return result;
}

/** Where the result of this compiler lies, whether or not it has been compiled yet. */
export function codecAddonResult(rustId) {
  return path.join(cacheFolder('results'), `codec-${sourcesDigest(rustId)}.node`);
}

async function compile(rust, line) {
  const args = ['--release', '--locked', '--message-format=json-render-diagnostics'];
  const output = await run(rust.command, [...rust.args, ...args], {
    cwd: BINDING,
    env: rust.env,
    onLine: line,
    quietOutput: true,
    advice:
      'Is the registry of Rust crates reachable? Try: cargo fetch --manifest-path native/Cargo.toml',
  });
  return builtLibrary(output);
}

function builtLibrary(output) {
  for (const text of output.split('\n')) {
    if (!text.startsWith('{')) continue;
    const message = JSON.parse(text);
    if (message.reason !== 'compiler-artifact') continue;
    const isBinding = path.resolve(message.manifest_path) === path.join(BINDING, 'Cargo.toml');
    const library = message.filenames?.find((file) => /\.(so|dylib)$/.test(file));
    if (isBinding && library && message.target.kind.includes('cdylib')) return library;
  }
  throw new SetupError('cargo built no shared library for native/codec-napi');
}

function sourcesDigest(rustId) {
  const names = SOURCES.flatMap((name) => {
    const place = path.join(NATIVE, name);
    if (!fs.existsSync(place)) return [];
    if (fs.statSync(place).isFile()) return [name];
    return listFiles(place, NOT_SOURCES).map((file) => `${name}/${file}`);
  });
  const files = names
    .filter((name) => /\.(rs|toml|lock|c|h)$/.test(name))
    .map((name) => ({ name, file: path.join(NATIVE, name) }));
  return digestOf({ texts: [RECIPE, rustId], files });
}
