// Creates the Python environment of MiniStack, the local stand-in for AWS that `npm start` and the end-to-end tests use.
// Plain Node without dependencies: it runs before anything is installed.
//
//   node scripts/setup/ministack.mjs            create it unless it is there, saying what is done
//   node scripts/setup/ministack.mjs --check    exit 0 when it is there, 1 when not; changes nothing
//
// The folder's name holds a digest of the lock file, so another checkout with other versions has its own environment.
// It is built beside its final place and renamed: an interrupted run leaves nothing that looks complete.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LOCK_FILE = join(dirname(fileURLToPath(import.meta.url)), 'ministack-requirements.txt');
const PYTHON_CANDIDATES = ['python3.13', 'python3.12', 'python3.11', 'python3.14', 'python3'];
const PYTHON_MINOR_MIN = 11;
const INSTALL_DEADLINE_MS = 10 * 60_000;
const HEARTBEAT_MS = 5_000;
const OFFLINE_SIGNS =
  /no matching distribution|could not find a version|connection|getaddrinfo|name resolution|timed out|unreachable|proxyerror/i;

/** A reason for which the local stack cannot run here, written for the person at the terminal. */
export class SetupError extends Error {
  /** @param {'no-python' | 'no-venv' | 'no-network' | 'install-failed' | 'interrupted'} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'SetupError';
    this.code = code;
  }
}

/** Where the environment of this checkout belongs, and whether it is complete. */
export function locateMiniStack(env = process.env) {
  const cache = env.XDG_CACHE_HOME ? resolve(env.XDG_CACHE_HOME) : join(homedir(), '.cache');
  const lock = readFileSync(LOCK_FILE);
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = join(cache, 'mithril', `ministack-${digest}`);
  const python = join(folder, 'bin', 'python');
  const version = /^ministack==(\S+)/m.exec(lock.toString('utf8'))?.[1] ?? 'unknown';
  // existsSync follows the link to the base interpreter: a removed Python makes the environment incomplete.
  return { folder, python, version, ready: existsSync(python) };
}

/** Makes sure that the environment is there. Resolves to its interpreter; throws SetupError with what to do. */
export async function ensureMiniStack({ onLog = console.error, env = process.env } = {}) {
  const found = locateMiniStack(env);
  if (found.ready) return { ...found, created: false, seconds: 0 };
  const startedAt = performance.now();
  const basePython = findPython();
  onLog(
    `ministack: creating its Python environment (once; about 30 MB to download) in ${found.folder}`,
  );
  rmSync(found.folder, { recursive: true, force: true });
  mkdirSync(dirname(found.folder), { recursive: true });
  removeLeftovers(found.folder);
  const partial = `${found.folder}.partial-${process.pid}`;
  try {
    await createEnvironment(basePython, partial);
    onLog(`ministack: installing ministack ${found.version} with ${basePython}`);
    await install(join(partial, 'bin', 'python'), onLog);
    moveIntoPlace(partial, found.folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  onLog(`ministack: ready after ${seconds} s`);
  return { ...found, ready: true, created: true, seconds };
}

function findPython() {
  const seen = [];
  for (const name of PYTHON_CANDIDATES) {
    const code = 'import sys; print("%d.%d" % sys.version_info[:2])';
    const run = spawnSync(name, ['-c', code], { encoding: 'utf8', timeout: 20_000 });
    if (run.status !== 0) continue;
    const [major, minor] = run.stdout.trim().split('.').map(Number);
    if (major === 3 && minor >= PYTHON_MINOR_MIN) return name;
    seen.push(`${name} is ${run.stdout.trim()}`);
  }
  const found = seen.length > 0 ? ` (found: ${seen.join(', ')})` : '';
  throw new SetupError(
    'no-python',
    `Python 3.${PYTHON_MINOR_MIN} or newer is needed for the local stack${found}. ` +
      'Debian and Ubuntu: sudo apt-get install python3 python3-venv; macOS: brew install python@3.13',
  );
}

async function createEnvironment(basePython, folder) {
  rmSync(folder, { recursive: true, force: true });
  const made = await runLogged(basePython, ['-m', 'venv', folder], 120_000);
  if (made.status === 0) return;
  throw new SetupError(
    'no-venv',
    `${basePython} cannot create a virtual environment: ${lastLine(made.output)}. ` +
      'Debian and Ubuntu keep that module apart: sudo apt-get install python3-venv',
  );
}

async function install(python, onLog) {
  const startedAt = Date.now();
  const heartbeat = setInterval(
    () => onLog(`ministack: still installing (${Math.round((Date.now() - startedAt) / 1000)} s)`),
    HEARTBEAT_MS,
  );
  // Wheels only, with hashes: nothing of a package runs while it is installed, and nobody can swap a file.
  const flags = [
    '--require-hashes',
    '--only-binary',
    ':all:',
    '--no-input',
    '--disable-pip-version-check',
  ];
  const args = ['-m', 'pip', 'install', '--quiet', ...flags, '-r', LOCK_FILE];
  const run = await runLogged(python, args, INSTALL_DEADLINE_MS).finally(() =>
    clearInterval(heartbeat),
  );
  if (run.status === 0) return;
  if (OFFLINE_SIGNS.test(run.output)) {
    throw new SetupError(
      'no-network',
      'The Python package index could not be reached, and the local stack needs about 30 MB from it, once. ' +
        `Run this again with a network, or point PIP_FIND_LINKS at a folder made by "pip download -r ${LOCK_FILE}". ` +
        `pip said: ${lastLine(run.output)}`,
    );
  }
  throw new SetupError(
    'install-failed',
    `pip could not install MiniStack: ${lastLine(run.output)}`,
  );
}

function moveIntoPlace(partial, folder) {
  try {
    renameSync(partial, folder);
  } catch (error) {
    // Another process was quicker: its environment is as good as ours.
    if (!existsSync(join(folder, 'bin', 'python'))) throw error;
  }
}

/** Removes what an interrupted run left, unless the process that builds it is alive. */
function removeLeftovers(folder) {
  const parent = dirname(folder);
  for (const name of readdirSync(parent)) {
    const pid = /^ministack-.*\.partial-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function runLogged(command, args, timeoutMs) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let output = '';
    const collect = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    let interrupted = false;
    const stop = () => child.kill('SIGTERM');
    const interrupt = () => {
      interrupted = true;
      stop();
    };
    process.once('SIGINT', interrupt);
    process.once('exit', stop);
    child.on('error', failed);
    child.on('close', (status, signal) => {
      process.removeListener('SIGINT', interrupt);
      process.removeListener('exit', stop);
      if (interrupted) {
        failed(new SetupError('interrupted', 'interrupted; nothing was left behind'));
        return;
      }
      if (signal !== null) output += `\nended by ${signal}`;
      done({ status: status ?? 1, output });
    });
  });
}

function lastLine(text) {
  const lines = text.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
}

async function main() {
  if (process.argv.includes('--check')) {
    const { ready, folder } = locateMiniStack();
    console.error(ready ? `ministack: ready in ${folder}` : `ministack: not installed (${folder})`);
    process.exitCode = ready ? 0 : 1;
    return;
  }
  try {
    const { python } = await ensureMiniStack();
    console.log(python);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`ministack: ${error.message}`);
    process.exitCode = error.code === 'interrupted' ? 130 : 1;
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main();
}
