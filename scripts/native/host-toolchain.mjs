// The compilers of this machine, building for this machine.
import os from 'node:os';
import path from 'node:path';
import { foundTools } from '../setup/prerequisites.mjs';
import { cacheFolder, ROOT } from '../system/cache.mjs';
import { sha256 } from '../system/digest.mjs';

/**
 * Cargo's environment for every build of this clone: binding, wheel and tests share one target
 * folder. Two clones never do: cargo names the crates of a workspace by their path in it and
 * judges their age by the times of files, so it would take one clone's crate for the other's. The
 * home folder is left out of panic messages, for the same bytes everywhere.
 */
export function cargoVariables() {
  const key = sha256(`${foundTools().rustc.output}\n${ROOT}`).slice(0, 16);
  const home = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo');
  return {
    CARGO_TARGET_DIR: cacheFolder('cargo-target', `host-${key}`),
    CARGO_ENCODED_RUSTFLAGS: `--remap-path-prefix=${home}=/cargo`,
  };
}

/** As the Rust addons want it. */
export function hostRust() {
  const { cargo, rustc } = foundTools();
  return {
    id: `host ${process.platform} ${process.arch} ${rustc.output}`,
    command: cargo.file,
    args: ['build'],
    env: { ...process.env, ...cargoVariables() },
  };
}

/** As zstdAddon wants it. */
export function hostCompiler() {
  const tools = foundTools();
  return {
    id: `host ${process.platform} ${process.arch} cc ${tools.cc.output} c++ ${tools['c++'].output}`,
    cc: [tools.cc.file],
    cpp: [tools['c++'].file],
    env: process.env,
  };
}
