// Step: a Python environment with the project's wheel, and with what its tests and checks need.
//
// The third-party packages lie in an environment in the cache folder, one per lock file, shared by
// all clones. The clone's own environment (.setup/python) holds the wheel built from its sources
// and sees those packages through a .pth file, so a fresh clone is ready in seconds.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cargoVariables } from '../native/host-toolchain.mjs';
import { cacheFolder, fillFolder, ROOT, readStamp, STAMPS, writeStamp } from '../system/cache.mjs';
import { digestOf, listFiles, sha256 } from '../system/digest.mjs';
import { run, SetupError } from '../system/process.mjs';
import { foundTools } from './prerequisites.mjs';

const LOCK = path.join(path.dirname(fileURLToPath(import.meta.url)), 'python-requirements.txt');
const PROJECT = path.join(ROOT, 'native', 'python');
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'codec', 'python'];
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
    if (stamp.packages !== packagesFolder()) return 'its lock file changed';
    return stamp.wheel === wheelFolder() ? null : 'its sources changed';
  },
  async run({ line }) {
    const packages = packagesFolder();
    if (!fs.existsSync(packages)) await installPackages(packages, line);
    const wheel = wheelFolder();
    if (!fs.existsSync(wheel)) await buildWheel(wheel, packages, line);
    await makeEnvironment(packages, wheel);
    writeStamp('python', { packages, wheel });
  },
};

function packagesFolder() {
  const key = sha256(`${fs.readFileSync(LOCK, 'utf8')}${foundTools().python.output}`).slice(0, 16);
  return path.join(cacheFolder('venvs'), `python-${key}`);
}

function wheelFolder() {
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

// Its scripts name the path that it was made at, so after the rename only `python -m` is used.
async function installPackages(folder, line) {
  const building = `${folder}.building`;
  fs.rmSync(building, { recursive: true, force: true });
  line('creating the environment');
  await run(foundTools().python.file, ['-m', 'venv', building]);
  const flags = [
    '--require-hashes',
    '--only-binary',
    ':all:',
    '--no-input',
    '--disable-pip-version-check',
  ];
  await run(path.join(building, 'bin', 'python'), ['-m', 'pip', 'install', ...flags, '-r', LOCK], {
    onLine: line,
    advice: 'Is PyPI reachable? Try: python3 -m pip download --no-deps numpy',
  });
  fs.renameSync(building, folder);
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

async function makeEnvironment(packages, wheelAt) {
  const wheel = fs.readdirSync(wheelAt).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new SetupError(`maturin left no wheel in ${wheelAt}`);
  fs.rmSync(ENVIRONMENT, { recursive: true, force: true });
  await run(foundTools().python.file, ['-m', 'venv', '--without-pip', ENVIRONMENT]);
  const [own, shared] = [sitePackages(ENVIRONMENT), sitePackages(packages)];
  fs.writeFileSync(path.join(own, 'packages.pth'), `${shared}\n`);
  linkPrograms(path.join(packages, 'bin'), path.join(ENVIRONMENT, 'bin'));
  const pip = ['-m', 'pip', '--python', PYTHON, 'install', '--no-deps', '--no-index', '--quiet'];
  await run(path.join(packages, 'bin', 'python'), [...pip, path.join(wheelAt, wheel)]);
}

function sitePackages(environment) {
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
