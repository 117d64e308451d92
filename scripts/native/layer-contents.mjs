// What is in each Lambda layer besides the compiled addons.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../system/cache.mjs';
import { PACKAGE as ZSTD } from './zstd-addon.mjs';

/** `module` is the name that createRequire finds under /opt/nodejs/node_modules. */
export const LAYERS = [
  ours('native', 'mithril-native', 'codec'),
  ours('dedup', 'mithril-dedup', 'dedup'),
  {
    name: 'zstd',
    module: 'zstd-napi',
    addon: 'zstd',
    addonName: (arch) => `binding.linux-${arch}.node`,
    files: () => [
      packageJson(pick(readPackageJson(ZSTD), ['name', 'version', 'main', 'license'])),
      fromFile('binding.js', path.join(ROOT, 'layers', 'zstd', 'binding.cjs')),
      ...['LICENSE', 'NOTICE'].map((name) => fromFile(name, path.join(ZSTD, name))),
      fromFile('LICENSE.zstd', path.join(ZSTD, 'deps', 'zstd', 'LICENSE')),
      ...fs
        .readdirSync(path.join(ZSTD, 'dist'))
        .filter((name) => name.endsWith('.js'))
        .map((name) => fromFile(`dist/${name}`, path.join(ZSTD, 'dist', name))),
    ],
  },
];

/** A layer that holds one of our own addons. */
function ours(name, module, addon) {
  return {
    name,
    module,
    addon,
    addonName: (arch) => `${module}.linux-${arch}.node`,
    files: () => [
      packageJson({ name: module, main: 'index.cjs', license: 'Apache-2.0' }),
      fromFile('index.cjs', path.join(ROOT, 'layers', name, 'index.cjs')),
    ],
  };
}

const fromFile = (name, file) => ({ name, content: fs.readFileSync(file) });

function packageJson(fields) {
  const text = `${JSON.stringify({ ...fields, type: 'commonjs' }, null, 2)}\n`;
  return { name: 'package.json', content: Buffer.from(text) };
}

const readPackageJson = (folder) =>
  JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));

const pick = (source, names) => Object.fromEntries(names.map((name) => [name, source[name]]));
