// A program of Debian for tests and benchmarks, with the libraries that this machine lacks, unpacked
// into the cache folder.
import fs from 'node:fs';
import path from 'node:path';
import { openDebian } from '../native/debian.mjs';
import { TARGETS } from '../native/targets.mjs';
import { cacheFolder, fillFolder } from '../system/cache.mjs';
import { SetupError } from '../system/process.mjs';

/**
 * Returns the folder into which the newest version of `name` is unpacked, as if it were the root.
 * A version that is there already is used as it is, also without a network.
 */
export async function ensureDebianTool(name, { line }) {
  const architecture = TARGETS[process.arch]?.debian;
  if (architecture === undefined) throw new SetupError(`no ${name} for ${process.arch}`);
  const tools = cacheFolder('tools');
  const prefix = `debian-${name}-${architecture}-`;
  const present = fs
    .readdirSync(tools)
    .filter((one) => one.startsWith(prefix))
    .sort();
  if (present.length > 0) return path.join(tools, present.at(-1));
  const debian = await openDebian({ line });
  const shown = debian.query(['show', '--no-all-versions', `${name}:${architecture}`]);
  const version = /^Version: (.+)$/m.exec(shown)?.[1];
  if (version === undefined) throw new SetupError(`Debian has no package ${name}`);
  const own = `${name}:${architecture}=${version}`;
  // Already installed packages are not in the closure; the program itself always is wanted.
  const packages = new Set([...(await debian.closure([own])), own]);
  const folder = path.join(tools, `${prefix}${version.replaceAll(/[^\w.]/g, '-')}`);
  return fillFolder(folder, (temporary) => debian.unpack([...packages], temporary));
}

/** The environment in which a program of such a folder finds the libraries beside it. */
export function debianToolEnvironment(folder) {
  const libraries = ['usr/lib', 'lib', 'usr/local/lib'].flatMap((name) => {
    const at = path.join(folder, name);
    if (!fs.existsSync(at)) return [];
    return [at, ...multiarchFolders(at)];
  });
  return { LD_LIBRARY_PATH: libraries.join(':') };
}

// PulseAudio keeps a library one folder deeper.
function multiarchFolders(at) {
  return fs
    .readdirSync(at)
    .filter((name) => name.endsWith('-linux-gnu'))
    .flatMap((name) => [path.join(at, name), path.join(at, name, 'pulseaudio')]);
}
