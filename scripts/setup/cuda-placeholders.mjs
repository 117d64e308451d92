// Stand-ins for the CUDA libraries that torch is linked with and that a run on the CPU never calls.
//
// The dynamic linker wants every library that torch names, every symbol and every symbol version.
// So each library that is not installed gets a small one with exactly the symbols that torch looks
// for in it; each of them returns 1, which all of these libraries read as a failure.
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../system/process.mjs';
import { foundTools } from './prerequisites.mjs';
import { sitePackages } from './python-environment.mjs';

const CUDA_LIBRARY = /^lib(cu|nccl|nvrtc|nvshmem)/;
// Libraries without symbol versions, and what their symbols begin with.
const UNVERSIONED = [
  { library: /^libnccl/, symbol: /^nccl/ },
  { library: /^libcusparseLt/, symbol: /^cusparseLt/ },
  { library: /^libcufile/, symbol: /^cuFile/ },
];
// torch opens it by itself, when CUDA is there.
const DRIVER = 'libcuda.so.1';

/** Makes the libraries that are missing for the torch of this environment; returns their names. */
export async function makeCudaPlaceholders(environment) {
  const folder = path.join(sitePackages(environment), 'torch', 'lib');
  const libraries = fs.readdirSync(folder).filter((name) => /^lib(torch|c10|caffe2)/.test(name));
  const wanted = await wantedSymbols(libraries.map((name) => path.join(folder, name)));
  const installed = new Set(sharedLibraries(path.join(sitePackages(environment), 'nvidia')));
  const missing = [...wanted].filter(([name]) => !installed.has(name) && name !== DRIVER);
  for (const [name, versions] of missing) await build(path.join(folder, name), name, versions);
  return missing.map(([name]) => name);
}

/** CUDA library -> version ('' without) -> symbols. */
async function wantedSymbols(files) {
  const wanted = new Map();
  const libraryOf = new Map();
  const undefinedSymbols = new Set();
  for (const file of files) {
    const dynamic = await run('readelf', ['--wide', '-d', '-V', file], { quietOutput: true });
    for (const [, name] of dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
      if (CUDA_LIBRARY.test(name) && !wanted.has(name)) wanted.set(name, new Map());
    }
    let library = '';
    for (const [, needed, version] of dynamic.matchAll(/File: (\S+)|Name: (\S+) +Flags/g)) {
      if (needed) library = needed;
      else libraryOf.set(version, library);
    }
    const symbols = await run('nm', ['-D', '--undefined-only', file], { quietOutput: true });
    for (const [, symbol] of symbols.matchAll(/ U (\S+)/g)) undefinedSymbols.add(symbol);
  }
  for (const entry of undefinedSymbols) {
    const [symbol, version = ''] = entry.split(/@+/);
    const library = libraryOf.get(version) ?? withoutVersion(wanted, symbol);
    const versions = wanted.get(library);
    if (versions) versions.set(version, [...(versions.get(version) ?? []), symbol]);
  }
  return wanted;
}

function withoutVersion(wanted, symbol) {
  const known = UNVERSIONED.find((one) => one.symbol.test(symbol));
  return known && [...wanted.keys()].find((name) => known.library.test(name));
}

async function build(file, name, versions) {
  const symbols = [...versions.values()].flat();
  fs.writeFileSync(`${file}.c`, symbols.map((one) => `int ${one}(void) { return 1; }\n`).join(''));
  const flags = ['-shared', '-fPIC', '-w', '-o', file, `-Wl,-soname,${name}`, `${file}.c`];
  const named = [...versions].filter(([version]) => version !== '');
  if (named.length > 0) {
    const script = named.map(([version, list]) => `${version} { ${list.join('; ')}; };\n`);
    fs.writeFileSync(`${file}.map`, script.join(''));
    flags.push(`-Wl,--version-script=${file}.map`);
  }
  await run(foundTools().cc.file, flags);
  fs.rmSync(`${file}.c`);
  fs.rmSync(`${file}.map`, { force: true });
}

function sharedLibraries(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { recursive: true }).map((name) => path.basename(name));
}
