#!/usr/bin/env node
// Rust checks of `npm run check`: clippy and documentation without warnings, permissive licences.
import { spawnSync } from 'node:child_process';
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

/** Standard output of cargo; where cargo fails it has said why, and the check ends. */
function cargo(...args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  const run = spawnSync('cargo', args, { cwd: ROOT, stdio, maxBuffer: 1 << 28 });
  if (run.status !== 0) process.exit(1);
  return run.stdout;
}

/** An SPDX expression is fine when one side of every OR, and all sides of every AND, are. */
function isPermissive(expression) {
  return expression
    .replaceAll(/[()]/gu, '')
    .split(/\s+AND\s+/u)
    .every((part) => part.split(/\s+OR\s+|\//u).some((name) => PERMISSIVE.has(name.trim())));
}

Object.assign(process.env, cargoVariables());
const workspace = ['--manifest-path', manifest, '--workspace', '--locked'];
// Not --all-targets: it checks the bindings as tests too, where napi leaves out what calls them.
const targets = ['--lib', '--tests', '--examples'];
cargo('clippy', ...workspace, ...targets, '--', '-D', 'warnings');
process.env.RUSTDOCFLAGS = '-D warnings';
cargo('doc', ...workspace, '--no-deps');

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
