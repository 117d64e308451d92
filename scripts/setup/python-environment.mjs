// Python environments from lock files: packages in the cache folder, wheels in the clone.
//
// The third-party packages of a lock file lie in one environment of the cache folder, shared by all
// clones. A clone's own environment holds the wheel built from its sources and sees those packages
// through a .pth file, so a fresh clone is ready in seconds.
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, temporaryBeside } from '../system/cache.mjs';
import { sha256 } from '../system/digest.mjs';
import { run } from '../system/process.mjs';
import { foundTools } from './prerequisites.mjs';

/** Where the packages of this lock file belong. */
export function packagesFolder(name, lock) {
  const key = sha256(`${fs.readFileSync(lock, 'utf8')}${foundTools().python.output}`).slice(0, 16);
  return path.join(cacheFolder('venvs'), `${name}-${key}`);
}

/**
 * Installs a lock file into `folder`, then calls `finish(building)` before the folder appears.
 * Two set-ups at once do the work twice, and the first one's result stays.
 * Scripts in it name the path that it was made at, so after the rename only `python -m` is used.
 */
export async function installPackages(folder, { lock, line, flags = [], finish = async () => {} }) {
  const building = temporaryBeside(folder);
  try {
    line('creating the environment');
    await run(foundTools().python.file, ['-m', 'venv', building]);
    const options = ['--require-hashes', '--only-binary', ':all:', '--no-input', ...flags];
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', ...options, '-r', lock];
    await run(path.join(building, 'bin', 'python'), pip, {
      onLine: line,
      advice: 'Is PyPI reachable? Try: python3 -m pip download --no-deps numpy',
    });
    await finish(building);
    if (!fs.existsSync(folder)) fs.renameSync(building, folder);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
}

/** Makes a clone's environment: `wheel`, and a view of the packages in `folders`, first one first. */
export async function makeEnvironment(environment, { folders, wheel, python }) {
  fs.rmSync(environment, { recursive: true, force: true });
  await run(foundTools().python.file, ['-m', 'venv', '--without-pip', environment]);
  const seen = folders.map((folder) => `${sitePackages(folder)}\n`);
  fs.writeFileSync(path.join(sitePackages(environment), 'packages.pth'), seen.join(''));
  for (const folder of folders) {
    linkPrograms(path.join(folder, 'bin'), path.join(environment, 'bin'));
  }
  const own = path.join(environment, 'bin', 'python');
  const pip = ['-m', 'pip', '--python', own, 'install', '--no-deps', '--no-index', '--quiet'];
  await run(python, [...pip, wheel]);
}

/** Where the packages of an environment lie. */
export function sitePackages(environment) {
  const library = path.join(environment, 'lib');
  const python = fs.readdirSync(library).find((name) => name.startsWith('python3'));
  return path.join(library, python, 'site-packages');
}

// Compiled programs such as ruff are looked for in the environment's own bin; scripts are not
// linked, because their first line names the other environment's interpreter.
function linkPrograms(from, to) {
  for (const name of fs.readdirSync(from)) {
    const file = path.join(from, name);
    if (!fs.statSync(file).isFile() || fs.existsSync(path.join(to, name))) continue;
    const isElf = fs.readFileSync(file).subarray(0, 4).toString('latin1') === '\x7fELF';
    if (isElf) fs.symlinkSync(file, path.join(to, name));
  }
}
