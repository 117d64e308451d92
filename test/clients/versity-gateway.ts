import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const GO = 'go';
const VERSION = '1.8.0';
const PACKAGE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
const INSTALL_DEADLINE_MS = 10 * 60_000;

export type VersityGateway =
  | { readonly kind: 'ready'; readonly program: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** The second S3 of the tests, built by Go once (75 s) into the user's cache folder. */
export function ensureVersityGateway(): VersityGateway {
  const cache = process.env['XDG_CACHE_HOME'];
  const root = cache === undefined ? join(homedir(), '.cache') : resolve(cache);
  const folder = join(root, 'mithril', `versitygw-${VERSION}`);
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return { kind: 'ready', program };
  if (spawnSync(GO, ['version'], { stdio: 'ignore' }).status !== 0) {
    return { kind: 'missing', reason: 'Go is not installed, and versitygw is built by it' };
  }
  mkdirSync(folder, { recursive: true });
  const built = spawnSync(GO, ['install', PACKAGE], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: INSTALL_DEADLINE_MS,
    encoding: 'utf8',
  });
  if (built.status === 0 && existsSync(program)) return { kind: 'ready', program };
  rmSync(folder, { recursive: true, force: true });
  const reason = built.stderr.trim().split('\n').at(-1) ?? 'go install failed';
  return { kind: 'missing', reason: `versitygw could not be built: ${reason}` };
}
