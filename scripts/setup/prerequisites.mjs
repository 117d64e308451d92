// Step: the programs that must be there already. All that is missing is named at once.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readStamp, writeStamp } from '../system/cache.mjs';
import { SetupError } from '../system/process.mjs';

const PROBE_TIMEOUT_MS = 20_000;

// `find` lists names in the order of preference; `least` is the lowest version that works.
const TOOLS = [
  { name: 'npm', find: ['npm'], args: ['--version'], least: '10.0' },
  { name: 'cargo', find: ['cargo'], args: ['--version'], least: '1.89' },
  { name: 'rustc', find: ['rustc'], args: ['--version'], least: '1.89' },
  { name: 'python', find: pythons(), args: ['-c', pythonProbe()], least: '3.11' },
  { name: 'cc', find: ['cc', 'gcc', 'clang'], args: ['-dumpversion'], least: '0' },
  { name: 'c++', find: ['c++', 'g++', 'clang++'], args: ['-dumpversion'], least: '0' },
];
const NODE_LEAST = '20.19';

export const prerequisites = {
  name: 'prerequisites',
  title: 'Prerequisites',
  needs: [],
  async staleBecause() {
    const stamp = readStamp('prerequisites');
    if (!stamp) return 'first look';
    return stamp.key === searchKey() ? null : 'an installed tool changed';
  },
  async run() {
    const found = {};
    const missing = isOlder(process.versions.node, NODE_LEAST) ? ['node'] : [];
    for (const tool of TOOLS) {
      const hit = probe(tool);
      if (hit) found[tool.name] = hit;
      else missing.push(tool.name);
    }
    if (missing.length > 0) throw missingError(missing);
    writeStamp('prerequisites', { key: searchKey(), found });
  },
};

/** The tools found: name -> { file, version }. The step must have run. */
export function foundTools() {
  const stamp = readStamp('prerequisites');
  if (!stamp) throw new SetupError('The prerequisites were not checked: run `npm run setup`');
  return stamp.found;
}

function probe(tool) {
  for (const name of tool.find) {
    const file = which(name);
    if (!file) continue;
    try {
      const options = {
        encoding: 'utf8',
        timeout: PROBE_TIMEOUT_MS,
        stdio: ['ignore', 'pipe', 'pipe'],
      };
      const output = execFileSync(file, tool.args, options).trim();
      const version = /\d+(\.\d+)*/.exec(output)?.[0] ?? '';
      if (version && !isOlder(version, tool.least)) return { file, version, output };
    } catch {
      // A program that is there but does not work counts as missing; the next name may work.
    }
  }
  return null;
}

/** Where PATH leads for each tool, with size and time: changes when a tool is replaced. */
function searchKey() {
  const parts = [process.version];
  for (const name of TOOLS.flatMap((tool) => tool.find)) {
    const file = which(name);
    if (!file) continue;
    const { size, mtimeMs } = fs.statSync(file);
    parts.push(`${file}:${size}:${Math.floor(mtimeMs)}`);
  }
  return parts.join('\n');
}

function which(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (folder === '') continue;
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // Not in this folder of PATH.
    }
  }
  return null;
}

function isOlder(version, least) {
  const [have, want] = [version, least].map((text) => text.split('.').map(Number));
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] ?? 0) - want[i];
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function pythons() {
  return ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
}

function pythonProbe() {
  // Debian splits venv off: a Python without it cannot make the environments that set-up needs.
  return 'import sys, venv, ensurepip; print("%d.%d.%d" % sys.version_info[:3])';
}

function missingError(missing) {
  const lines = missing.map((name) => `  ${describe(name).padEnd(42)} ${installCommand(name)}`);
  return new SetupError('Mithril needs programs that are missing or too old on this machine:', {
    advice: [...lines, '', 'Install them, open a new shell, and run the same command again.'].join(
      '\n',
    ),
  });
}

function describe(name) {
  return {
    node: `Node.js >= ${NODE_LEAST} (this is ${process.versions.node})`,
    npm: 'npm >= 10',
    cargo: 'Rust (cargo) >= 1.89',
    rustc: 'Rust (rustc) >= 1.89',
    python: 'Python >= 3.11 with venv',
    cc: 'a C compiler',
    'c++': 'a C++ compiler',
  }[name];
}

function installCommand(name) {
  const rust =
    "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh   (or: rustup update)";
  if (name === 'cargo' || name === 'rustc') return rust;
  if (name === 'node' || name === 'npm')
    return 'https://nodejs.org/en/download, or: nvm install 24';
  const byManager = {
    apt: {
      python: 'sudo apt-get install python3 python3-venv',
      compiler: 'sudo apt-get install build-essential',
    },
    dnf: { python: 'sudo dnf install python3.11', compiler: 'sudo dnf install gcc gcc-c++' },
    brew: { python: 'brew install python@3.12', compiler: 'xcode-select --install' },
    other: {
      python: 'https://www.python.org/downloads',
      compiler: 'install gcc and g++, or clang',
    },
  }[packageManager()];
  return name === 'python' ? byManager.python : byManager.compiler;
}

function packageManager() {
  if (os.platform() === 'darwin') return 'brew';
  if (which('apt-get')) return 'apt';
  return which('dnf') ? 'dnf' : 'other';
}
