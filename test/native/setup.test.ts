import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT, runScript } from './lambda-opt.ts';

const execute = promisify(execFile);
const SETUP = path.join(ROOT, 'scripts', 'setup.mjs');
const TIMEOUT_MS = 30_000;

it('set-up names everything that is missing, with the command that installs it', async () => {
  const failed = execute(process.execPath, [SETUP, 'prerequisites'], {
    env: { PATH: '/nonexistent' },
    timeout: TIMEOUT_MS,
  });
  const { code, stderr } = await failed.then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  );
  expect(code).toBe(1);
  for (const name of ['npm >= ', 'Rust (cargo)', 'Python >= 3.11', 'a C compiler', 'a C++ comp']) {
    expect(stderr).toContain(name);
  }
  expect(stderr).toMatch(/rustup|apt-get|nodejs\.org/);
});

it('set-up refuses a step that does not exist and lists those that do', async () => {
  const failed = execute(process.execPath, [SETUP, 'nothing'], { timeout: TIMEOUT_MS });
  await expect(failed).rejects.toThrow(/no set-up step "nothing"[\s\S]*start, test, .*codec/);
});

it('set-up does nothing when nothing changed', async () => {
  await runScript('setup.mjs', ['node', 'zstd'], TIMEOUT_MS);
  const { stderr } = await execute(process.execPath, [SETUP, 'node', 'zstd'], {
    timeout: TIMEOUT_MS,
  });
  expect(stderr).toBe('Set-up: all 3 steps are up to date\n');
});

it.each([
  ['another processor', process.arch === 'x64' ? 'arm64' : 'x64', /is for ELF machine \d+/],
  ['this processor', process.arch, /^$/],
])('the check of a build for Lambda judges %s', async (_, arch, expected) => {
  const addon = `layers/zstd/dist/nodejs/node_modules/zstd-napi/binding.linux-${process.arch}.node`;
  const code =
    "const { lambdaObjections } = await import('./scripts/native/elf.mjs');" +
    'process.stdout.write(lambdaObjections(process.argv[1], process.argv[2])[0] ?? "");';
  const args = ['--input-type=module', '-e', code, addon, arch];
  const { stdout } = await execute(process.execPath, args, { cwd: ROOT });
  expect(stdout).toMatch(expected);
});
