// Step: the npm packages of the lock file.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../system/cache.mjs';
import { run } from '../system/process.mjs';
import { foundTools } from './prerequisites.mjs';

export const nodeModules = {
  name: 'node',
  title: 'npm packages',
  needs: ['prerequisites'],
  async staleBecause() {
    const installed = readJson(path.join(ROOT, 'node_modules', '.package-lock.json'));
    if (!installed) return 'not installed yet';
    const locked = readJson(path.join(ROOT, 'package-lock.json'));
    return lacksNothing(locked.packages, installed.packages) ? null : 'package-lock.json changed';
  },
  async run({ line }) {
    // No install script of a dependency runs: esbuild and lmdb ship their programs in packages
    // of the platform, and zstd-napi's binding is compiled by a step of its own (its script
    // would download one without a digest).
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http'];
    await run(foundTools().npm.file, args, {
      cwd: ROOT,
      onLine: line,
      isNoise: (text) => /^npm (http|warn)|^npm error *$/.test(text),
      advice: 'Is the npm registry reachable? Try: npm ping',
    });
  },
};

/** True when every locked package is installed as locked; optional ones may be for other systems. */
function lacksNothing(locked, installed) {
  return Object.entries(locked).every(([name, wanted]) => {
    if (name === '' || wanted.link) return true;
    const have = installed[name];
    if (!have)
      return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
    return have.version === wanted.version && have.integrity === wanted.integrity;
  });
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}
