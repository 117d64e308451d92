import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { findFreePort } from '../../../shared/adapters/local-stack/free-port.ts';
import { runProgram } from './run-program.ts';

const MITHRIL = fileURLToPath(new URL('../../../dist/cli/mithril.js', import.meta.url));
const READY_DEADLINE_MS = 20_000;
const POLL_MS = 50;
const tokenSchema = z.object({ token: z.string() });

export interface RunningServer {
  readonly url: string;
  makeToken(...options: readonly string[]): Promise<string>;
  countBlobs(): Promise<number>;
  /** Changes one byte of every blob; returns how many there are. */
  damageBlobs(): Promise<number>;
  stop(): Promise<void>;
}

/** `mithril cache serve` in a folder of its own; or `proxy`, with what it needs besides. */
export async function startServer(
  command: readonly string[] = ['serve'],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mithril-cache-clients-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const blobs = join(folder, 'blobs', 'team');
  const where = ['--dir', folder];
  const server = spawn(
    process.execPath,
    [MITHRIL, 'cache', ...command, ...where, '--port', String(port)],
    { stdio: 'ignore', env: { ...process.env, ...env } },
  );
  await untilHealthy(url, server);
  return {
    url,
    makeToken: async (...options) => {
      const args = ['cache', 'token', 'create', ...where, '--namespace', 'team', ...options];
      const run = await runProgram(
        process.execPath,
        [MITHRIL, ...args, '--format', 'json', '--quiet'],
        {
          cwd: folder,
          env: {},
        },
      );
      return tokenSchema.parse(JSON.parse(run.output)).token;
    },
    countBlobs: async () => (await filesIn(blobs)).length,
    damageBlobs: () => damageFiles(blobs),
    stop: async () => {
      await end(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilHealthy(url: string, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (performance.now() < deadline && server.exitCode === null) {
    const isUp = await fetch(`${url}/v1/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  server.kill('SIGKILL');
  throw new Error(`the cache server did not come up (exit ${server.exitCode})`);
}

function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return Promise.resolve();
  return new Promise((done) => {
    server.once('exit', () => done());
    server.kill('SIGTERM');
  });
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
}

async function damageFiles(folder: string): Promise<number> {
  const paths = await filesIn(folder);
  for (const path of paths) {
    const bytes = await readFile(path);
    const at = Math.floor(bytes.length / 2);
    if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
  }
  return paths.length;
}
