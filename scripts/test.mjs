#!/usr/bin/env node
/**
 * Runs every test and ends with the true totals over all runners: `N passed, N failed`.
 *
 *   node scripts/test.mjs             vitest, cargo and pytest (npm test)
 *   node scripts/test.mjs --clients   suites with real third-party programs (npm run test:clients)
 *
 * What failed is said once more at the end, where it can be found in a long log. With --totals FILE the totals and
 * the failures are also written as JSON, for a caller that adds runs up.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { ML_IS_LOCKED_FOR_THIS, PYTHON_ML } from './setup/python-ml.mjs';
import { PYTHON } from './setup/python-package.mjs';
import { setUpOrExit } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const isClients = args.includes('--clients');
const totalsFile = args.includes('--totals') ? args[args.indexOf('--totals') + 1] : null;
const scratch = mkdtempSync(path.join(tmpdir(), 'mithril-test-'));
let child = null;

/** Runs a command to its end, showing and keeping its output. */
const run = (command, commandArgs, env = {}) =>
  new Promise((resolve) => {
    let output = '';
    child = spawn(command, commandArgs, { cwd: root, env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        process.stdout.write(text);
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    child?.kill(signal);
    rmSync(scratch, { recursive: true, force: true });
    process.exit(130);
  });
}

const readJson = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};

/** What is said of a failed test at the end: its name, and enough of its message to begin with. */
const MESSAGE_LINES = 12;
const failure = (name, message = '') => ({
  name,
  message: stripVTControlCharacters(message).trim().split('\n').slice(0, MESSAGE_LINES).join('\n'),
});

async function vitest() {
  const report = path.join(scratch, 'vitest.json');
  const { code } = await run(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    isClients ? { MITHRIL_TEST_CLIENTS: '1' } : {},
  );
  const summary = readJson(report);
  const failures = (summary?.testResults ?? []).flatMap((file) => {
    const name = path.relative(root, file.name);
    const failed = file.assertionResults.filter((one) => one.status === 'failed');
    // A file that fails outside its tests, as in an import, names none of them.
    if (file.status === 'failed' && failed.length === 0) return [failure(name, file.message)];
    return failed.map((one) =>
      failure(`${name}: ${one.fullName}`, (one.failureMessages ?? []).join('\n')),
    );
  });
  return {
    code,
    passed: summary?.numPassedTests ?? 0,
    failed: failures.length,
    skipped: (summary?.numPendingTests ?? 0) + (summary?.numTodoTests ?? 0),
    failures,
  };
}

async function cargo() {
  const { code, output } = await run(
    'cargo',
    [
      'test',
      '--release',
      '--locked',
      '--manifest-path',
      'native/Cargo.toml',
      '--workspace',
      '--no-fail-fast',
    ],
    cargoEnv,
  );
  // The message of a failed test stands under `---- NAME stdout ----`.
  const failures = [
    ...output.matchAll(/^---- ([^\n]+) stdout ----\n(.*?)(?=^----|^failures:)/gmsu),
  ].map(([, name, message]) => failure(name, message));
  const totals = { code, passed: 0, failed: 0, skipped: 0, failures };
  for (const [, passed, failed, ignored] of output.matchAll(
    /test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gu,
  )) {
    totals.passed += Number(passed);
    totals.failed += Number(failed);
    totals.skipped += Number(ignored);
  }
  return totals;
}

async function pytest(python, folder) {
  const report = path.join(scratch, 'pytest.xml');
  const { code, output } = await run(python, [
    '-m',
    'pytest',
    folder,
    `--junitxml=${report}`,
    '-q',
  ]);
  // Its own summary: `FAILED FILE::TEST - MESSAGE`.
  const failures = [...output.matchAll(/^(?:FAILED|ERROR) (.+?)(?: - (.*))?$/gmu)].map(
    ([, name, message]) => failure(name, message),
  );
  const totals = { code, passed: 0, failed: 0, skipped: 0, failures };
  let xml = '';
  try {
    xml = readFileSync(report, 'utf8');
  } catch {
    return totals;
  }
  for (const [, attributes] of xml.matchAll(/<testsuite\s([^>]*)>/gu)) {
    const count = (name) =>
      Number(new RegExp(`\\b${name}="(\\d+)"`, 'u').exec(attributes)?.[1] ?? 0);
    const failed = count('failures') + count('errors');
    totals.failed += failed;
    totals.skipped += count('skipped');
    totals.passed += count('tests') - failed - count('skipped');
  }
  return totals;
}

const { cargoEnv } = await setUpOrExit([isClients ? 'clients' : 'test']);
const suites = isClients
  ? {
      'vitest (clients)': vitest,
      ...(ML_IS_LOCKED_FOR_THIS && {
        'pytest (torch, S3)': () => pytest(PYTHON_ML, 'native/python/tests/ml'),
      }),
    }
  : {
      vitest,
      cargo,
      pytest: () => pytest(PYTHON, 'native/python'),
    };

const sum = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const lines = [];
for (const [name, suite] of Object.entries(suites)) {
  const started = performance.now();
  const totals = await suite();
  // A runner that ended badly without naming a failed test did fail.
  if (totals.code !== 0 && totals.failed === 0) {
    totals.failed = 1;
    totals.failures.push(failure(name, `ended with code ${totals.code}`));
  }
  // A suite that ran no test proves nothing.
  if (totals.passed === 0 && totals.failed === 0 && !isClients) {
    totals.failed = 1;
    totals.failures.push(failure(name, 'ran no test'));
  }
  failures.push(...totals.failures);
  for (const key of Object.keys(sum)) sum[key] += totals[key];
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  lines.push(
    `  ${name}: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped in ${seconds} s`,
  );
}
rmSync(scratch, { recursive: true, force: true });
if (totalsFile) writeFileSync(totalsFile, JSON.stringify({ ...sum, failures }));
for (const { name, message } of failures) {
  console.log(`\nFailed: ${name}\n${message.replaceAll(/^/gmu, '    ')}`);
}
console.log(`\n${lines.join('\n')}\n`);
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed === 0 ? 0 : 1);
