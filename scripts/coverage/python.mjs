// Lines of the Python package that its tests run, by coverage.py; with the tests of torch, JAX and
// S3 where their environment is installed (`npm run setup -- python-ml`).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages, packagesFolder, sitePackages } from '../setup/python-environment.mjs';
import { PYTHON_ML } from '../setup/python-ml.mjs';
import { PYTHON } from '../setup/python-package.mjs';
import { setUp } from '../setup.mjs';
import { ROOT } from '../system/cache.mjs';
import { run } from '../system/process.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const LOCK = path.join(HERE, 'python-requirements.txt');
const FOLDER = path.join(ROOT, 'coverage', 'python');
const TESTS = path.join(ROOT, 'native', 'python');

/** Runs the tests; returns { covered, total, files, note }. */
export async function measurePython({ line }) {
  await setUp(['python']);
  const packages = packagesFolder('coverage', LOCK);
  if (!fs.existsSync(packages)) await installPackages(packages, { lock: LOCK, line });
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(FOLDER, { recursive: true });
  const hasMl = fs.existsSync(PYTHON_ML);
  const settings = writeSettings();
  const env = {
    ...process.env,
    COVERAGE_PROCESS_START: settings, // read by sitecustomize.py, in every Python process
    PYTHONPATH: [HERE, sitePackages(packages)].join(path.delimiter),
  };
  const coverage = (python, ...args) =>
    run(python, ['-m', 'coverage', ...args], { cwd: ROOT, env, onLine: line });
  await run(PYTHON, ['-m', 'pytest', TESTS, '-q'], { cwd: ROOT, env, onLine: line });
  if (hasMl) {
    const tests = path.join(TESTS, 'tests', 'ml');
    await run(PYTHON_ML, ['-m', 'pytest', tests, '-q'], { cwd: ROOT, env, onLine: line });
  }
  const report = path.join(FOLDER, 'coverage.json');
  await coverage(PYTHON, 'combine', `--rcfile=${settings}`, '--quiet');
  await coverage(PYTHON, 'json', `--rcfile=${settings}`, '-o', report, '--quiet');
  return { ...readReport(report), note: hasMl ? '' : 'without the tests of torch, JAX and S3' };
}

/** Both environments hold a copy of the package; they count as one. */
function writeSettings() {
  const file = path.join(FOLDER, 'coverage.ini');
  const places = [path.join(TESTS, 'src', 'mithril'), '*/site-packages/mithril'];
  const lines = [
    '[run]',
    'source_pkgs = mithril',
    'parallel = true',
    'sigterm = true',
    `data_file = ${path.join(FOLDER, 'data')}`,
    '[paths]',
    'package =',
    ...places.map((place) => `    ${place}`),
  ];
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function readReport(file) {
  const { files, totals } = JSON.parse(fs.readFileSync(file, 'utf8'));
  return {
    covered: totals.covered_lines,
    total: totals.num_statements,
    files: Object.entries(files).map(([name, { summary }]) => ({
      name,
      covered: summary.covered_lines,
      total: summary.num_statements,
    })),
  };
}
