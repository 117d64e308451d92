// The compiled addons, 'codec', 'dedup' and 'zstd', for any processor: which compiler builds them and
// where the result lies.
import fs from 'node:fs';
import { crossCompiler, crossCompilerId, crossRust, crossRustId } from './cross-toolchain.mjs';
import { lambdaObjections } from './elf.mjs';
import { hostCompiler, hostRust } from './host-toolchain.mjs';
import { codecAddon, dedupAddon } from './rust-addons.mjs';
import { zstdAddon, zstdAddonResult } from './zstd-addon.mjs';

const ADDONS = {
  codec: rust(codecAddon),
  dedup: rust(dedupAddon),
  zstd: {
    compile: zstdAddon,
    resultOf: zstdAddonResult,
    host: hostCompiler,
    cross: crossCompiler,
    crossId: crossCompilerId,
  },
};

function rust({ compile, resultOf }) {
  return { compile, resultOf, host: hostRust, cross: crossRust, crossId: crossRustId };
}

/**
 * The finished build of an addon for 'x64' or 'arm64' that Lambda can load, or null. 'host' is
 * this machine's own build, which may need a newer glibc than Lambda has.
 */
export function findAddon(name, arch) {
  const addon = ADDONS[name];
  if (arch === 'host' || arch === process.arch) {
    const file = addon.resultOf(addon.host().id);
    const isFit = fs.existsSync(file) && (arch === 'host' || isLoadableByLambda(file, arch));
    if (isFit) return file;
    if (arch === 'host') return null;
  }
  const file = addon.resultOf(addon.crossId(arch));
  return fs.existsSync(file) ? file : null;
}

/** Compiles an addon unless a finished build fits; the compiler is this machine's where it can be. */
export async function compileAddon(name, arch, { line }) {
  const addon = ADDONS[name];
  if (arch === 'host' || arch === process.arch) {
    const file = await addon.compile(addon.host(), { line });
    if (arch === 'host' || isLoadableByLambda(file, arch)) return file;
    line(`${name}: this machine's C library is newer than Lambda's, building against an older one`);
  }
  const found = findAddon(name, arch);
  if (found) return found;
  const compiler = await addon.cross(arch, { line });
  return addon.compile(compiler, { line: (text) => line(`${name} ${arch}: ${text}`) });
}

const isLoadableByLambda = (file, arch) =>
  process.platform === 'linux' && lambdaObjections(file, arch).length === 0;
