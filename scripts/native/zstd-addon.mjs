// Compiles zstd-napi's binding, for this machine by its own compiler or for another by zig.
//
// The package's own way is node-gyp, which wants Node's headers from a download, Python and make,
// and whose linker flags zig refuses. Its sources are 33 files without generated code, so they are
// compiled here as its binding.gyp does, against the headers of the Node-API alone. Node-API 8 is
// in every Node >= 16: one build serves 20, 22 and 24.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cacheFolder, copyWhole, ROOT } from '../system/cache.mjs';
import { digestOf } from '../system/digest.mjs';
import { run, runAll, SetupError } from '../system/process.mjs';

export const PACKAGE = path.join(ROOT, 'node_modules', 'zstd-napi');
const NODE_API_VERSION = 8;
const LIBZSTD = 'deps/zstd/lib';

const BOTH_FLAGS = ['-O3', '-fPIC', '-fvisibility=hidden', '-fexceptions', '-D_FORTIFY_SOURCE=2'];
const C_FLAGS = [
  '-DXXH_NAMESPACE=ZSTD_',
  '-DZSTDERRORLIB_VISIBLE=',
  '-DZSTDLIB_VISIBLE=',
  '-DZSTD_MULTITHREAD',
  '-DZSTD_NO_TRACE',
];
const CPP_FLAGS = [
  '-std=gnu++17',
  '-fno-rtti',
  `-DNAPI_VERSION=${NODE_API_VERSION}`,
  '-DNODE_ADDON_API_DISABLE_DEPRECATED',
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
  '-DBUILDING_NODE_EXTENSION',
];
const LINK_FLAGS =
  process.platform === 'darwin'
    ? ['-bundle', '-undefined', 'dynamic_lookup']
    : [
        '-shared',
        '-s',
        '-pthread',
        '-Wl,-z,noexecstack',
        '-Wl,-z,relro',
        '-Wl,-z,now',
        '-Wl,--as-needed',
      ];

/**
 * The file that holds the compiled binding, compiled now when no earlier build fits.
 * `compiler` is { id, cc: [program, ...args], cpp: [program, ...args], env }; its id names the
 * compiler, its version and what it compiles for.
 */
export async function zstdAddon(compiler, { line = () => {} } = {}) {
  const result = zstdAddonResult(compiler.id);
  if (fs.existsSync(result)) return result;
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'mithril-zstd-'));
  try {
    const built = await compile(compiler, work, line);
    copyWhole(built, result);
    return result;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Where the result of this compiler lies, whether or not it has been compiled yet. */
export function zstdAddonResult(compilerId) {
  const locked = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const sources = ['zstd-napi', 'node-addon-api', 'zstd-napi/node_modules/node-addon-api']
    .map((name) => locked[`node_modules/${name}`]?.integrity ?? '')
    .join(' ');
  const flags = [BOTH_FLAGS, C_FLAGS, CPP_FLAGS, LINK_FLAGS].flat().join(' ');
  const key = digestOf({ texts: [sources, flags, compilerId] });
  return path.join(cacheFolder('results'), `zstd-napi-${key}.node`);
}

async function compile(compiler, work, line) {
  const units = sourceFiles();
  const headers = [`-I${LIBZSTD}`, `-I${addonApiFolder()}`, `-I${nodeApiFolder()}`];
  const same = [...BOTH_FLAGS, `-ffile-prefix-map=${PACKAGE}=.`];
  const objects = units.map((unit) => path.join(work, `${unit.replaceAll('/', '_')}.o`));
  let done = 0;
  const tasks = units.map((unit, i) => async () => {
    const isCpp = unit.endsWith('.cc');
    const [program, ...args] = isCpp ? compiler.cpp : compiler.cc;
    const flags = isCpp ? [...CPP_FLAGS, ...headers] : C_FLAGS;
    await run(program, [...args, ...same, ...flags, '-c', unit, '-o', objects[i]], {
      cwd: PACKAGE,
      env: compiler.env,
    });
    line(`${++done} of ${units.length} files compiled`);
  });
  await runAll(tasks, os.availableParallelism());
  const linked = path.join(work, 'binding.node');
  const [program, ...args] = compiler.cpp;
  await run(program, [...args, ...LINK_FLAGS, '-o', linked, ...objects], {
    cwd: work,
    env: compiler.env,
  });
  return linked;
}

// The list stays the package's: its gyp files name every source.
function sourceFiles() {
  const read = (file, pattern) =>
    [...fs.readFileSync(path.join(PACKAGE, file), 'utf8').matchAll(pattern)].map(
      (match) => match[1],
    );
  const cpp = read('binding.gyp', /'(src\/[\w/]+\.cc)'/g);
  const c = new Set(read('deps/zstd.gyp', /'(zstd\/lib\/[\w/]+\.[cS])'/g));
  if (cpp.length === 0 || c.size === 0) {
    throw new SetupError('zstd-napi names no sources in its gyp files: its layout has changed');
  }
  return [...cpp, ...[...c].map((file) => `deps/${file}`)];
}

function addonApiFolder() {
  const places = [path.join(PACKAGE, 'node_modules'), path.join(ROOT, 'node_modules')];
  return firstWith(
    'napi.h',
    places.map((place) => path.join(place, 'node-addon-api')),
  );
}

function nodeApiFolder() {
  const beside = path.resolve(fs.realpathSync(process.execPath), '..', '..', 'include', 'node');
  const places = [path.join(ROOT, 'node_modules', 'node-api-headers', 'include'), beside];
  return firstWith('node_api.h', places);
}

function firstWith(file, places) {
  const place = places.find((candidate) => fs.existsSync(path.join(candidate, file)));
  if (place) return place;
  throw new SetupError(`${file} was not found in ${places.join(' or ')}`, {
    advice: 'Run: npm ci',
  });
}
