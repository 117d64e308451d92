#!/usr/bin/env node
// Completes package-lock.json after `npm install`: `node scripts/complete-lock.mjs`.
//
// npm leaves out the builds for other systems of a package such as esbuild when the registry
// (a mirror) does not have them, and `npm ci` then refuses its own lock file. Each one is pinned to
// an exact version by the package that wants it, so an entry for it needs nothing from a registry.
// `npm ci` skips entries of other systems; on such a system the registry's own digest holds.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, writeWhole } from './system/cache.mjs';

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'x64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x'];
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:[-+][\w.-]+)?$/;

function missingEntries(packages) {
  const entries = Object.entries(packages).flatMap(([at, { optionalDependencies, dev }]) =>
    Object.entries(optionalDependencies ?? {}).map(([name, version]) => ({
      at,
      name,
      version,
      dev,
    })),
  );
  return entries.flatMap(({ at, name, version, dev }) => {
    const key = `node_modules/${name}`;
    if (packages[key] || packages[`${at}/${key}`] || !EXACT_VERSION.test(version)) return [];
    const words = name.split(/[-/]/);
    const os = SYSTEMS.filter((system) => words.includes(system));
    const cpu = PROCESSORS.filter((processor) => words.includes(processor));
    if (os.length !== 1 || cpu.length !== 1) return [];
    const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {};
    return [[key, { version, cpu, ...(dev ? { dev } : {}), ...libc, optional: true, os }]];
  });
}

const file = path.join(ROOT, 'package-lock.json');
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
const missing = missingEntries(lock.packages);
const sorted = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) }).sort(
  ([a], [b]) => (a < b ? -1 : 1),
);
if (missing.length > 0) {
  writeWhole(
    file,
    `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`,
  );
}
process.stdout.write(`package-lock.json: ${missing.length} builds for other systems added\n`);
