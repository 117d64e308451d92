// Step: a second Python environment, with torch, transformers, JAX, Orbax and obstore beside the
// project's wheel, for the suites of `npm run test:clients` and the training benchmarks.
//
// PyPI has torch for Linux with CUDA only, which would bring 3 GB of libraries that a run on the CPU
// never calls: they are left out, and placeholders stand in for them (cuda-placeholders.mjs).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStamp, STAMPS, writeStamp } from '../system/cache.mjs';
import { run, SetupError } from '../system/process.mjs';
import { makeCudaPlaceholders } from './cuda-placeholders.mjs';
import { installPackages, makeEnvironment, packagesFolder } from './python-environment.mjs';
import { basePackages, builtWheel, wheelFolder } from './python-package.mjs';

const LOCK = path.join(path.dirname(fileURLToPath(import.meta.url)), 'python-ml-requirements.txt');
const ENVIRONMENT = path.join(STAMPS, 'python-ml');

/** The interpreter that has torch and the other frameworks as well. */
export const PYTHON_ML = path.join(ENVIRONMENT, 'bin', 'python');

/** Its lock file is for this system only. */
export const ML_IS_LOCKED_FOR_THIS = process.platform === 'linux' && process.arch === 'x64';

const mlPackages = () => packagesFolder('python-ml', LOCK);

export const pythonMl = {
  name: 'python-ml',
  title: 'Python with torch, transformers, JAX',
  needs: ['python'],
  // Whoever has another system can do everything else.
  optional: true,
  async staleBecause() {
    const stamp = readStamp('python-ml');
    if (!stamp || !fs.existsSync(PYTHON_ML)) return 'not installed yet, about 900 MB';
    if (stamp.packages !== mlPackages() || stamp.base !== basePackages()) {
      return 'its lock file changed';
    }
    return stamp.wheel === wheelFolder() ? null : 'its sources changed';
  },
  async run({ line }) {
    if (!ML_IS_LOCKED_FOR_THIS) {
      throw new SetupError('The environment with torch is locked for Linux on x86-64 only');
    }
    const [packages, base] = [mlPackages(), basePackages()];
    if (!fs.existsSync(packages)) {
      const finish = (building) => makeCudaPlaceholders(building);
      // Compiling every module would take a minute, and a test imports few of them.
      const flags = ['--no-deps', '--no-compile'];
      await installPackages(packages, { lock: LOCK, line, flags, finish });
    }
    const python = path.join(base, 'bin', 'python');
    const [folders, wheel] = [[base, packages], wheelFolder()];
    await makeEnvironment(ENVIRONMENT, { folders, wheel: builtWheel(wheel), python });
    await proveTorchRuns(line);
    writeStamp('python-ml', { packages, base, wheel });
  },
};

async function proveTorchRuns(line) {
  const check =
    'import torch; x = torch.ones(2, requires_grad=True); (x * x).sum().backward(); ' +
    'assert x.grad.tolist() == [2, 2] and not torch.cuda.is_available()';
  await run(PYTHON_ML, ['-W', 'ignore', '-c', check], { onLine: line });
}
