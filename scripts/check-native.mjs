#!/usr/bin/env node
// Rust checks of `npm run check`: clippy and documentation without warnings, permissive licences.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { cargoVariables } from './native/host-toolchain.mjs';
import { ROOT } from './system/cache.mjs';

const manifest = path.join(ROOT, 'native', 'Cargo.toml');
const PERMISSIVE = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'Unicode-3.0',
  'Zlib',
  '0BSD',
  'CC0-1.0',
  'Unlicense',
  'BSL-1.0',
]);

const cargo = (...args) =>
  execFileSync('cargo', args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });

/** An SPDX expression is fine when one side of every OR, and all sides of every AND, are. */
function isPermissive(expression) {
  return expression
    .replaceAll(/[()]/gu, '')
    .split(/\s+AND\s+/u)
    .every((part) => part.split(/\s+OR\s+|\//u).some((name) => PERMISSIVE.has(name.trim())));
}

Object.assign(process.env, cargoVariables());
cargo(
  'clippy',
  '--manifest-path',
  manifest,
  '--workspace',
  '--all-targets',
  '--locked',
  '--',
  '-D',
  'warnings',
);
process.env.RUSTDOCFLAGS = '-D warnings';
cargo('doc', '--manifest-path', manifest, '--workspace', '--no-deps', '--locked');

const metadata = JSON.parse(
  cargo('metadata', '--format-version', '1', '--locked', '--manifest-path', manifest).toString(),
);
const refused = metadata.packages.filter(({ license }) => !isPermissive(license ?? 'none'));
for (const { name, version, license } of refused) {
  console.error(`${name} ${version}: licence ${license ?? 'not stated'} is not on the list`);
}
console.log(
  `clippy and documentation clean; ${metadata.packages.length} crates, licences permissive`,
);
process.exitCode = refused.length === 0 ? 0 : 1;
