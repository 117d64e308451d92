// The set-up of MiniStack's environment where something is missing: it says what, and leaves nothing half-made.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../scripts/setup/ministack.mjs');
const UNREACHABLE = 'http://127.0.0.1:1/simple';
const SETUP_MS = 60_000;

let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'mithril-setup-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

function setUp(env: NodeJS.ProcessEnv, ...args: string[]) {
  const run = spawnSync(process.execPath, [SCRIPT, ...args], {
    encoding: 'utf8',
    timeout: SETUP_MS,
    env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

test('--check says that it is not there, and changes nothing', () => {
  const { status, stderr } = setUp({}, '--check');
  expect(status).toBe(1);
  expect(stderr).toContain('not installed');
  expect(readdirSync(cache)).toEqual([]);
});

test('without Python 3.11 it names the command that installs it', () => {
  const empty = join(cache, 'bin');
  mkdirSync(empty);
  symlinkSync(process.execPath, join(empty, 'node'));
  const { status, stderr } = setUp({ PATH: empty });
  expect(status).toBe(1);
  expect(stderr).toContain('sudo apt-get install python3');
});

test('without a network it says so and leaves nothing', { timeout: SETUP_MS }, () => {
  const { status, stderr, stdout } = setUp({
    PIP_INDEX_URL: UNREACHABLE,
    PIP_EXTRA_INDEX_URL: '',
    PIP_FIND_LINKS: '',
    PIP_NO_CACHE_DIR: '1',
    PIP_RETRIES: '0',
    PIP_CONFIG_FILE: '/dev/null',
  });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('could not be reached');
  expect(readdirSync(join(cache, 'mithril'))).toEqual([]);
});
