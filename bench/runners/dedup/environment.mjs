// The Python environment of the dedup peers: locked packages in the cache folder.
import fs from 'node:fs';
import path from 'node:path';
import { installPackages, packagesFolder } from '../../../scripts/setup/python-environment.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { definition } from '../shared/programs.mjs';

const LOCK = definition('dedup', 'requirements.txt');

/** Installs what is missing; returns the interpreter. */
export async function peersPython() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError('The peers of dedup are locked for Linux on x86-64 only');
  }
  const packages = packagesFolder('dedup-peers', LOCK);
  if (!fs.existsSync(packages)) {
    const line = (text) => process.stderr.write(`  peers: ${text.slice(0, 120)}\n`);
    await installPackages(packages, { lock: LOCK, line, flags: ['--no-deps', '--quiet'] });
  }
  return path.join(packages, 'bin', 'python');
}
