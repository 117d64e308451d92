// A Rust compiler that has the standard library of another target.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { foundTools } from '../setup/prerequisites.mjs';
import { run, SetupError } from '../system/process.mjs';
import { ensureDebianRust } from './debian-rust.mjs';

const RUSTUP_TIMEOUT_MS = 180_000;

/**
 * Returns the rustc to use, or null when the installed one has the target. Tries in this order:
 * the installed compiler, `rustup target add`, Debian's compiler and library of equal version
 * (unpacked into the cache folder, nothing installed). MITHRIL_RUST_TARGET=debian takes the last
 * at once; it is there to test that way.
 */
export async function ensureRustTarget(target, { line }) {
  const reasons = [];
  if (process.env.MITHRIL_RUST_TARGET !== 'debian') {
    if (hasStandardLibrary(target)) return null;
    const reason = await addByRustup(target, line);
    if (reason === null && hasStandardLibrary(target)) return null;
    reasons.push(`rustup target add ${target.rust}: ${reason ?? 'added nothing that rustc finds'}`);
  }
  try {
    return await ensureDebianRust(target, { line });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    reasons.push(`Debian's rustc: ${error.message}`);
  }
  throw new SetupError(`No Rust standard library for ${target.rust}:\n  ${reasons.join('\n  ')}`, {
    advice: `Install it where the network allows it, then run this again:\n  rustup target add ${target.rust}`,
  });
}

function hasStandardLibrary(target) {
  const args = ['--print', 'target-libdir', '--target', target.rust];
  const folder = execFileSync(foundTools().rustc.file, args, { encoding: 'utf8' }).trim();
  if (!fs.existsSync(folder)) return false;
  return fs.readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(path.basename(name)));
}

async function addByRustup(target, line) {
  try {
    await run('rustup', ['target', 'add', target.rust], {
      onLine: line,
      timeoutMs: RUSTUP_TIMEOUT_MS,
    });
    return null;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return error.tail.at(-1) ?? error.message;
  }
}
