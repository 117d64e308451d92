// Step: zstd-napi's binding for this machine, in its place in node_modules.
import fs from 'node:fs';
import path from 'node:path';
import { hostCompiler } from '../native/host-toolchain.mjs';
import { PACKAGE, zstdAddon } from '../native/zstd-addon.mjs';
import { copyWhole } from '../system/cache.mjs';
import { run } from '../system/process.mjs';

// Where the package's own binding.js looks, for a release build of Node.
export const BINDING = path.join(PACKAGE, 'build', 'Release', 'binding.node');

export const zstdBinding = {
  name: 'zstd',
  title: 'zstd for Node',
  needs: ['node'],
  async staleBecause() {
    return fs.existsSync(BINDING) ? null : 'compiles libzstd, about 45 s of one core';
  },
  async run({ line }) {
    copyWhole(await zstdAddon(hostCompiler(), { line }), BINDING, 0o755);
    await proveItLoads();
  },
};

async function proveItLoads() {
  const check =
    "const z=require('zstd-napi');const b=Buffer.from('mithril'.repeat(99));" +
    'if(!z.decompress(z.compress(b)).equals(b))process.exit(3)';
  await run(process.execPath, ['-e', check], { cwd: path.resolve(PACKAGE, '..', '..') });
}
