// Step: a Python environment with the project's wheel, and with what its tests and checks need.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cargoVariables } from '../native/host-toolchain.mjs';
import { cacheFolder, fillFolder, ROOT, readStamp, STAMPS, writeStamp } from '../system/cache.mjs';
import { digestOf, listFiles } from '../system/digest.mjs';
import { run, SetupError } from '../system/process.mjs';
import { foundTools } from './prerequisites.mjs';
import { installPackages, makeEnvironment, packagesFolder } from './python-environment.mjs';

const LOCK = path.join(path.dirname(fileURLToPath(import.meta.url)), 'python-requirements.txt');
const PROJECT = path.join(ROOT, 'native', 'python');
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'codec', 'error', 'minhash', 'python'];
const SOURCE = /\.(rs|toml|lock|py|pyi|typed|md)$/;
const NOT_SOURCES = new Set(['target', 'tests', 'benches', '__pycache__']);
const ENVIRONMENT = path.join(STAMPS, 'python');

/** The interpreter that has the wheel and everything the tests import. */
export const PYTHON = path.join(ENVIRONMENT, 'bin', 'python');

export const pythonPackage = {
  name: 'python',
  title: 'Python package',
  needs: ['prerequisites'],
  async staleBecause() {
    const stamp = readStamp('python');
    if (!stamp || !fs.existsSync(PYTHON)) return 'not installed yet';
    if (stamp.packages !== basePackages()) return 'its lock file changed';
    return stamp.wheel === wheelFolder() ? null : 'its sources changed';
  },
  async run({ line }) {
    const packages = basePackages();
    if (!fs.existsSync(packages)) await installPackages(packages, { lock: LOCK, line });
    const wheel = wheelFolder();
    if (!fs.existsSync(wheel)) await buildWheel(wheel, packages, line);
    const python = path.join(packages, 'bin', 'python');
    await makeEnvironment(ENVIRONMENT, { folders: [packages], wheel: builtWheel(wheel), python });
    writeStamp('python', { packages, wheel });
  },
};

/** The packages that the tests and checks need. */
export const basePackages = () => packagesFolder('python', LOCK);

/** The folder of the wheel for the sources as they are. */
export function wheelFolder() {
  const { python, rustc } = foundTools();
  const names = SOURCES.flatMap((name) => {
    const place = path.join(ROOT, 'native', name);
    if (!fs.existsSync(place)) return [];
    if (fs.statSync(place).isFile()) return [name];
    return listFiles(place, NOT_SOURCES).map((file) => `${name}/${file}`);
  });
  const files = names
    .filter((name) => SOURCE.test(name))
    .map((name) => ({ name, file: path.join(ROOT, 'native', name) }));
  const texts = [python.output, rustc.output, fs.readFileSync(LOCK, 'utf8')];
  return path.join(cacheFolder('results'), `wheel-${digestOf({ texts, files })}`);
}

/** The wheel in such a folder. */
export function builtWheel(folder) {
  const wheel = fs.readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new SetupError(`maturin left no wheel in ${folder}`);
  return path.join(folder, wheel);
}

async function buildWheel(folder, packages, line) {
  const env = { ...process.env, ...cargoVariables() };
  const manifest = path.join(PROJECT, 'Cargo.toml');
  await fillFolder(folder, async (temporary) => {
    const args = [
      '-m',
      'maturin',
      'build',
      '--release',
      '--locked',
      '-m',
      manifest,
      '--out',
      temporary,
    ];
    await run(path.join(packages, 'bin', 'python'), [...args, '-i', foundTools().python.file], {
      env,
      onLine: line,
      advice:
        'Is the registry of Rust crates reachable? Try: cargo fetch --manifest-path native/Cargo.toml',
    });
  });
}
