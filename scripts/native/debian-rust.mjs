// Debian's Rust compiler with the standard library of another architecture, for machines where
// rustup cannot fetch one. The library must be of exactly the compiler's version, so both come
// from Debian; rustup's cargo drives them.
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, fillFolder, ROOT } from '../system/cache.mjs';
import { SetupError } from '../system/process.mjs';
import { openDebian } from './debian.mjs';
import { compareVersions } from './elf.mjs';
import { TARGETS } from './targets.mjs';

/** Returns the path of a rustc that can compile for `target`. */
export async function ensureDebianRust(target, { line }) {
  const debian = await openDebian({ line });
  const found = newestPair(debian, target);
  const host = TARGETS[process.arch].debian;
  const name = `rust-${found.version.replaceAll(/[^\w.]/g, '-')}-${host}-${target.debian}`;
  const folder = path.join(cacheFolder('tools'), name);
  const rustc = path.join(folder, 'rustc.sh');
  if (fs.existsSync(rustc)) return rustc;
  const own = [
    `${found.compiler}:${host}`,
    `${found.library}:${host}`,
    `${found.library}:${target.debian}`,
  ];
  const exact = own.map((wanted) => `${wanted}=${found.version}`);
  const libraries = await debian.closure([exact[0]]);
  const others = libraries.filter((wanted) => !own.some((mine) => wanted.startsWith(`${mine}=`)));
  await fillFolder(folder, async (temporary) => {
    await debian.unpack([...exact, ...others], temporary);
    writeWrapper(temporary, folder);
  });
  return rustc;
}

// Names change with the release (rustc, rustc-web, rustc-1.85 ...), so they are asked for: every
// compiler, the library package that it depends on, and whether that exists for the target.
function newestPair(debian, target) {
  const least = leastRust();
  const pairs = [];
  for (const text of debian
    .query(['search', '--names-only', '^rustc(-[a-z0-9.]+)?$'])
    .split('\n')) {
    const compiler = text.split(' ')[0];
    if (!compiler) continue;
    const versions = debian.query(['show', compiler]).matchAll(/^Version: (.+)$/gm);
    for (const [, version] of versions) {
      const shown = debian.query(['show', `${compiler}=${version}`]);
      const library = /^Depends:.*?(libstd-rust[\w.-]*-dev) \(= /m.exec(shown)?.[1];
      if (!library || !debian.query(['show', `${library}:${target.debian}=${version}`])) continue;
      pairs.push({ compiler, library, version, rust: /\d+\.\d+(\.\d+)?/.exec(version)[0] });
    }
  }
  const fit = pairs.filter((pair) => compareVersions(pair.rust, least) >= 0);
  const newest = fit.sort((a, b) => compareVersions(b.rust, a.rust))[0];
  if (newest) return newest;
  const seen = pairs.map((pair) => `${pair.compiler} ${pair.rust}`).join(', ') || 'none';
  throw new SetupError(`no rustc >= ${least} with a library for ${target.debian} (found: ${seen})`);
}

function leastRust() {
  const text = fs.readFileSync(path.join(ROOT, 'native', 'Cargo.toml'), 'utf8');
  return /^rust-version = "([\d.]+)"/m.exec(text)?.[1] ?? '1.89';
}

// Written for the folder's final place: `temporary` is renamed to `folder` when it is complete.
function writeWrapper(temporary, folder) {
  const libraries = fs
    .readdirSync(path.join(temporary, 'usr', 'lib'))
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => `${folder}/usr/lib/${name}`);
  const lines = [
    '#!/bin/sh',
    `export LD_LIBRARY_PATH="${[...libraries, `${folder}/usr/lib`].join(':')}"`,
    `exec "${folder}/usr/bin/rustc" "$@"`,
  ];
  fs.writeFileSync(path.join(temporary, 'rustc.sh'), `${lines.join('\n')}\n`, { mode: 0o755 });
}
