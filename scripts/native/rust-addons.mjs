// Compiles the Node bindings of the Rust crates (native/*-napi) with cargo.
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
const WORKSPACE = ['Cargo.toml', 'Cargo.lock', '.cargo'];
const NOT_SOURCES = new Set(['target', 'tests', 'benches', 'examples', 'dist', 'README.md']);

const COMMON = ['error', 'napi-common'];

export const codecAddon = rustAddon('codec', 'codec-napi', 'codec', 'codec 2');
export const dedupAddon = rustAddon('dedup', 'minhash-napi', 'minhash', 'dedup 1');

function rustAddon(name, binding, core, recipe) {
  const folder = path.join(NATIVE, binding);
  const addon = {
    /** Where the result of this compiler lies, whether or not it has been compiled yet. */
    resultOf: (rustId) => {
      const digest = sourcesDigest([...WORKSPACE, ...COMMON, core, binding], [recipe, rustId]);
      return path.join(cacheFolder('results'), `${name}-${digest}.node`);
    },
    /**
     * The file that holds the compiled binding, compiled now when no earlier build fits.
     * `rust` is { id, command, args, env }: its id names the compiler and what it compiles for.
     */
    compile: async (rust, { line = () => {} } = {}) => {
      const result = addon.resultOf(rust.id);
      if (!fs.existsSync(result)) copyWhole(await compile(folder, rust, line), result);
      return result;
    },
  };
  return addon;
}

async function compile(folder, rust, line) {
  const args = ['--release', '--locked', '--message-format=json-render-diagnostics'];
  const output = await run(rust.command, [...rust.args, ...args], {
    cwd: folder,
    env: rust.env,
    onLine: line,
    quietOutput: true,
    advice:
      'Is the registry of Rust crates reachable? Try: cargo fetch --manifest-path native/Cargo.toml',
  });
  return builtLibrary(folder, output);
}

function builtLibrary(folder, output) {
  for (const text of output.split('\n')) {
    if (!text.startsWith('{')) continue;
    const message = JSON.parse(text);
    if (message.reason !== 'compiler-artifact') continue;
    const isBinding = path.resolve(message.manifest_path) === path.join(folder, 'Cargo.toml');
    const library = message.filenames?.find((file) => /\.(so|dylib)$/.test(file));
    if (isBinding && library && message.target.kind.includes('cdylib')) return library;
  }
  throw new SetupError(`cargo built no shared library for ${path.relative(ROOT, folder)}`);
}

function sourcesDigest(sources, texts) {
  const names = sources.flatMap((name) => {
    const place = path.join(NATIVE, name);
    if (!fs.existsSync(place)) return [];
    if (fs.statSync(place).isFile()) return [name];
    return listFiles(place, NOT_SOURCES).map((file) => `${name}/${file}`);
  });
  const files = names
    .filter((name) => /\.(rs|toml|lock|c|h)$/.test(name))
    .map((name) => ({ name, file: path.join(NATIVE, name) }));
  return digestOf({ texts, files });
}
