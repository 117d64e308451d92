// Packages of Debian (or Ubuntu), fetched and unpacked into the cache folder: no root, nothing
// installed, the system's package lists and architectures untouched. apt checks every package
// against the archive's signatures.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, writeWhole } from '../system/cache.mjs';
import { run, SetupError } from '../system/process.mjs';
import { TARGETS } from './targets.mjs';

const LISTS_AGE_MS_MAX = 24 * 60 * 60 * 1000;

/** Opens the private package lists: fetched when older than a day. Returns the functions below. */
export async function openDebian({ line }) {
  if (!fs.existsSync('/var/lib/dpkg/status') || !fs.existsSync('/usr/bin/apt-get')) {
    throw new SetupError('this machine has no apt-get (not Debian or Ubuntu)');
  }
  const folder = cacheFolder('apt');
  const env = { ...process.env, APT_CONFIG: writeConfiguration(folder), LC_ALL: 'C' };
  await updateLists(folder, env, line);
  return {
    /** Output of a query such as ['show', 'rustc']; empty when nothing is known. */
    query: (args) => queryCache(args, env),
    /** What `apt-get install` would fetch for this, as name:arch=version. */
    closure: (packages) => closureOf(packages, env),
    /** The same on a machine that has nothing yet. */
    wholeClosure: (packages) => closureOf(packages, env, ['-o', 'Dir::State::status=/dev/null']),
    /** Fetches packages (name:arch or name:arch=version) and unpacks them into `into`. */
    unpack: (packages, into) => unpack(packages, into, env, line),
  };
}

// The machine's own settings of how to fetch (proxies, sources) stay; its hooks do not run, and
// its lists and its cache are not touched.
function writeConfiguration(folder) {
  const fetching = execFileSync('apt-config', ['dump'], { encoding: 'utf8' })
    .split('\n')
    .filter((text) => text.startsWith('Acquire::'));
  for (const name of ['parts', 'state/lists/partial', 'cache/archives/partial']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }
  fs.copyFileSync('/var/lib/dpkg/status', path.join(folder, 'status'));
  const architectures = [TARGETS[process.arch], ...Object.values(TARGETS)].map(
    (t) => `"${t.debian}";`,
  );
  const own = [
    `Dir::State "${folder}/state";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc::parts "${folder}/parts";`,
    `APT::Architecture "${TARGETS[process.arch].debian}";`,
    `APT::Architectures { ${[...new Set(architectures)].join(' ')} };`,
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
  ];
  const file = path.join(folder, 'apt.conf');
  writeWhole(file, `${[...fetching, ...own].join('\n')}\n`);
  return file;
}

async function updateLists(folder, env, line) {
  const mark = path.join(folder, 'updated');
  if (fs.existsSync(mark) && Date.now() - fs.statSync(mark).mtimeMs < LISTS_AGE_MS_MAX) return;
  line('fetching the package lists of Debian');
  try {
    await run('apt-get', ['update'], { env, onLine: line });
  } catch (error) {
    // A third party's source may lack an architecture; what counts is whether packages are found.
    line(`apt-get update: ${error.tail?.at(-1) ?? error.message}`);
  }
  if (queryCache(['show', 'libc6:arm64'], env) === '') {
    throw new SetupError("Debian's package archive could not be reached");
  }
  writeWhole(mark, '');
}

function queryCache(args, env) {
  try {
    return execFileSync('apt-cache', args, {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

async function closureOf(packages, env, options = []) {
  const wanted = ['--print-uris', '--yes', '--no-install-recommends', ...packages];
  const args = [...options, 'install', ...wanted];
  const output = await run('apt-get', args, { env, quietOutput: true });
  const names = [...output.matchAll(/^'[^']+' (\S+)_(\S+)_(\S+)\.deb \d+/gm)];
  return names.map(([, name, version, arch]) => `${name}:${arch}=${decodeURIComponent(version)}`);
}

async function unpack(packages, into, env, line) {
  const debs = path.join(into, 'debs');
  fs.mkdirSync(debs, { recursive: true });
  await run('apt-get', ['download', ...packages], { cwd: debs, env, onLine: line });
  for (const deb of fs.readdirSync(debs)) {
    line(`unpacking ${deb}`);
    await run('dpkg', ['-x', path.join(debs, deb), into]);
  }
  fs.rmSync(debs, { recursive: true });
}
