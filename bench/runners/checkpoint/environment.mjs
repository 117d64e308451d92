// The Python environment of the comparisons: the peers beside torch and the project's wheel.
import fs from 'node:fs';
import path from 'node:path';
import {
  installPackages,
  makeEnvironment,
  packagesFolder,
} from '../../../scripts/setup/python-environment.mjs';
import { PYTHON_ML } from '../../../scripts/setup/python-ml.mjs';
import { basePackages, builtWheel, wheelFolder } from '../../../scripts/setup/python-package.mjs';
import { setUp } from '../../../scripts/setup.mjs';
import { readStamp, STAMPS, writeStamp } from '../../../scripts/system/cache.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { definition } from '../shared/programs.mjs';

const LOCK = definition('peers', 'requirements.txt');
const ENVIRONMENT = path.join(STAMPS, 'python-bench');

/** Installs what is missing; returns the interpreter. */
export async function peersPython() {
  await setUp(['python-ml']);
  if (!fs.existsSync(PYTHON_ML)) {
    throw new SetupError('The peers need the environment with torch', {
      advice: 'npm run setup -- python-ml (Linux on x86-64 only)',
    });
  }
  const packages = packagesFolder('python-bench', LOCK);
  const line = (text) => process.stderr.write(`  peers: ${text.slice(0, 120)}\n`);
  if (!fs.existsSync(packages)) {
    await installPackages(packages, {
      lock: LOCK,
      line,
      flags: ['--no-deps', '--quiet', '--no-binary', 'z4ai,zipnn'],
    });
  }
  const base = basePackages();
  const wheel = builtWheel(wheelFolder());
  const parts = { folders: [base, readStamp('python-ml').packages, packages], wheel };
  if (JSON.stringify(readStamp('python-bench')) !== JSON.stringify(parts)) {
    await makeEnvironment(ENVIRONMENT, { ...parts, python: path.join(base, 'bin', 'python') });
    writeStamp('python-bench', parts);
  }
  return path.join(ENVIRONMENT, 'bin', 'python');
}
