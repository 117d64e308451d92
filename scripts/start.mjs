#!/usr/bin/env node
// `npm start`: sets up what is missing, then shows the three products on the local stack
// (cli/local/demo.ts): checkpoints, dedup, the compile cache.
// Arguments are passed on: `npm start -- --only dedup`, `npm start -- --help`.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setUpOrExit } from './setup.mjs';
import { ROOT } from './system/cache.mjs';

await setUpOrExit(['start']);
const command = path.join(ROOT, 'dist', 'cli', 'mithril.js');
const child = spawn(process.execPath, [command, 'local', 'demo', ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: ROOT,
});
// The terminal sends Ctrl-C to the whole group: the child cleans up, we wait for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  console.error(`npm start: ${error.message}`);
  process.exitCode = 1;
});
child.on('close', (code, signal) => {
  process.exitCode = signal ? 130 : (code ?? 1);
});
