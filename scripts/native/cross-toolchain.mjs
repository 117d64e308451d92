// The compilers that build for another processor, or for an older glibc, from any Linux machine:
// zig (a C and C++ compiler and linker with every glibc's symbols) and cargo-zigbuild, both from
// PyPI with pinned digests, and a Rust compiler with the target's standard library.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { foundTools } from '../setup/prerequisites.mjs';
import { cacheFolder, fillFolder } from '../system/cache.mjs';
import { sha256 } from '../system/digest.mjs';
import { run } from '../system/process.mjs';
import { cargoVariables } from './host-toolchain.mjs';
import { ensureRustTarget } from './rust-target.mjs';
import { GLIBC_BUILD, TARGETS } from './targets.mjs';

const LOCK = path.join(path.dirname(fileURLToPath(import.meta.url)), 'zig-requirements.txt');

const lockDigest = () => sha256(fs.readFileSync(LOCK)).slice(0, 16);

/** Names the compiler without installing it. */
export const crossRustId = (arch) =>
  `cross ${TARGETS[arch].rust}.${GLIBC_BUILD} ${lockDigest()} ${foundTools().rustc.output}`;

export const crossCompilerId = (arch) =>
  `cross ${TARGETS[arch].zig}.${GLIBC_BUILD} ${lockDigest()}`;

/** As the Rust addons want it; installs what is missing into the cache folder. */
export async function crossRust(arch, { line }) {
  const zig = await ensureZig({ line });
  const rustc = await ensureRustTarget(TARGETS[arch], { line });
  const targetFolder = cacheFolder(
    'cargo-target',
    `cross-${sha256(crossRustId(arch)).slice(0, 16)}`,
  );
  return {
    id: crossRustId(arch),
    command: zig.zigbuild,
    args: ['zigbuild', '--target', `${TARGETS[arch].rust}.${GLIBC_BUILD}`],
    env: {
      ...zig.env,
      ...cargoVariables(),
      CARGO_TARGET_DIR: targetFolder,
      CARGO: foundTools().cargo.file,
      ...(rustc ? { RUSTC: rustc } : {}),
    },
  };
}

/** As zstdAddon wants it. */
export async function crossCompiler(arch, { line }) {
  const zig = await ensureZig({ line });
  const target = ['-target', `${TARGETS[arch].zig}.${GLIBC_BUILD}`, '-fno-sanitize=undefined'];
  return {
    id: crossCompilerId(arch),
    cc: [zig.zig, 'cc', ...target],
    cpp: [zig.zig, 'c++', ...target],
    env: zig.env,
  };
}

async function ensureZig({ line }) {
  const folder = path.join(cacheFolder('tools'), `zig-${lockDigest()}-${process.arch}`);
  if (!fs.existsSync(folder)) {
    line('fetching zig and cargo-zigbuild from PyPI (about 100 MB, once)');
    await fillFolder(folder, (temporary) => install(temporary, line));
  }
  const zig = path.join(folder, 'ziglang', 'zig');
  return {
    zig,
    zigbuild: path.join(folder, 'bin', 'cargo-zigbuild'),
    env: {
      ...process.env,
      CARGO_ZIGBUILD_ZIG_PATH: zig,
      CARGO_ZIGBUILD_CACHE_DIR: cacheFolder('zig', 'zigbuild'),
      ZIG_GLOBAL_CACHE_DIR: cacheFolder('zig', 'global'),
      ZIG_LOCAL_CACHE_DIR: cacheFolder('zig', 'local'),
    },
  };
}

// pip unpacks both wheels into the folder itself; nothing in them is run and no environment is
// needed, because both are single programs.
async function install(folder, line) {
  const pip = ['-m', 'pip', 'install', '--no-deps', '--require-hashes', '--only-binary', ':all:'];
  const quiet = ['--no-cache-dir', '--no-compile', '--disable-pip-version-check', '--no-input'];
  const python = await pipEnvironment();
  await run(python, [...pip, ...quiet, '--target', folder, '-r', LOCK], {
    onLine: line,
    advice: 'Is PyPI reachable? Try: python3 -m pip download --no-deps ziglang',
  });
}

async function pipEnvironment() {
  const folder = path.join(
    cacheFolder('tools'),
    `pip-${sha256(foundTools().python.output).slice(0, 8)}`,
  );
  const python = path.join(folder, 'bin', 'python');
  if (!fs.existsSync(python)) await run(foundTools().python.file, ['-m', 'venv', folder]);
  return python;
}
