#!/usr/bin/env node
// Python checks of `npm run check`: ruff (format and lint) and mypy, from the project's environment.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { PYTHON } from './setup/python-package.mjs';
import { setUpOrExit } from './setup.mjs';
import { ROOT } from './system/cache.mjs';

await setUpOrExit(['python']);
const project = path.join(ROOT, 'native', 'python');
const places = [
  '.',
  '../../docs/format',
  '../../bench/definitions',
  '../../docs/examples',
  '../../scripts/coverage',
];
for (const args of [
  ['ruff', 'format', '--check', ...places],
  ['ruff', 'check', ...places],
  ['mypy'],
]) {
  execFileSync(PYTHON, ['-m', ...args], { cwd: project, stdio: 'inherit' });
}
