import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from './free-port.ts';
import { listListeningSockets } from './listening-sockets.ts';
import { LocalStackError } from './local-stack-error.ts';
import { LOOPBACK, type MiniStackSettings, miniStackEnvironment } from './ministack-environment.ts';
import { isGroupAlive, readStartMark, signalGroup } from './process-identity.ts';
import {
  readLiveRecord,
  removeStackRecord,
  type StackRecord,
  writeStackRecord,
} from './stack-record.ts';

const READY_DEADLINE_MS = 60_000;
const READY_POLL_MS = 50;
const HEALTH_TIMEOUT_MS = 2_000;
const TERM_DEADLINE_MS = 5_000;
const KILL_DEADLINE_MS = 5_000;
const END_POLL_MS = 25;
const LOG_TAIL_LINES = 15;

/**
 * Starts MiniStack; with "owner" it ends when the pipe to us breaks, so that a killed parent leaves nothing behind. It
 * leads its own process group (spawn with `detached`), which its Lambda workers join.
 */
const LAUNCHER = `
import os, signal, sys, threading
def end_with_owner():
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)
if sys.argv[1] == "owner":
    threading.Thread(target=end_with_owner, daemon=True).start()
sys.argv = ["ministack"]
from ministack.app import main
main()
`;

export interface StartOptions {
  /** The interpreter of MiniStack's environment, from scripts/setup/ministack.mjs. */
  readonly python: string;
  /** Its record, log, temporary files and, with `persist`, its data. One stack a folder. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** "owner" (default): it ends with this process. "detached": it stays until `stopLocalStack`. */
  readonly lifetime?: 'owner' | 'detached';
  readonly persist?: boolean;
  readonly logLevel?: MiniStackSettings['logLevel'];
  readonly readyDeadlineMs?: number;
  readonly onLog?: (line: string) => void;
}

export interface LocalStack {
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  readonly startMs: number;
  /** Ends MiniStack and its workers. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** Starts MiniStack on loopback and waits until it answers. */
export async function startLocalStack(options: StartOptions): Promise<LocalStack> {
  const startedAt = performance.now();
  const folder = resolve(options.dataDir);
  refuseSecond(folder);
  const settings: MiniStackSettings = {
    folder,
    port: options.port ?? (await findFreePort()),
    persist: options.persist ?? false,
    logLevel: options.logLevel ?? 'INFO',
  };
  const logFile = join(folder, 'ministack.log');
  const child = launch(options, settings, logFile);
  const record = describe(child, settings.port);
  writeStackRecord(folder, record);
  try {
    await waitUntilReady(child, record, logFile, options.readyDeadlineMs ?? READY_DEADLINE_MS);
    refuseExposed(record);
  } catch (error) {
    await stopLocalStack(folder);
    throw error;
  }
  if (options.lifetime === 'detached') child.unref();
  const startMs = Math.round(performance.now() - startedAt);
  options.onLog?.(`local stack: ready at ${record.endpoint} after ${startMs} ms`);
  const stop = async (): Promise<void> => void (await stopLocalStack(folder));
  const { endpoint, port, pid } = record;
  return { endpoint, port, pid, logFile, startMs, stop };
}

export type LocalStackStatus =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'running' | 'unresponsive'; readonly record: StackRecord };

/** What runs in the folder, asked from any process. */
export async function readLocalStackStatus(dataDir: string): Promise<LocalStackStatus> {
  const record = readLiveRecord(resolve(dataDir));
  if (record === null) return { kind: 'stopped' };
  return { kind: (await isHealthy(record.endpoint)) ? 'running' : 'unresponsive', record };
}

/** Ends what runs in the folder, started by this process or another. False when nothing did. */
export async function stopLocalStack(dataDir: string): Promise<boolean> {
  const folder = resolve(dataDir);
  const record = readLiveRecord(folder);
  if (record !== null) await endGroup(record.pid);
  removeStackRecord(folder);
  rmSync(join(folder, 'tmp'), { recursive: true, force: true });
  return record !== null;
}

function refuseSecond(folder: string): void {
  const running = readLiveRecord(folder);
  if (running === null) return;
  const message = `a local stack already runs at ${running.endpoint} (process ${running.pid})`;
  throw new LocalStackError('already-running', folder, message);
}

function launch(options: StartOptions, settings: MiniStackSettings, logFile: string): ChildProcess {
  rmSync(join(settings.folder, 'tmp'), { recursive: true, force: true });
  mkdirSync(join(settings.folder, 'tmp'), { recursive: true });
  // MiniStack puts its Lambda runner (CommonJS, `.js`) below this folder: where a parent folder
  // says `"type": "module"`, Node would read it as an ES module and it would end at once.
  writeFileSync(join(settings.folder, 'package.json'), '{ "type": "commonjs" }\n');
  const lifetime = options.lifetime ?? 'owner';
  const log = openSync(logFile, 'w');
  try {
    return spawn(options.python, ['-c', LAUNCHER, lifetime], {
      cwd: settings.folder,
      env: miniStackEnvironment(settings, process.env),
      detached: true,
      stdio: [lifetime === 'owner' ? 'pipe' : 'ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

function describe(child: ChildProcess, port: number): StackRecord {
  const pid = child.pid;
  const startMark = pid === undefined ? null : readStartMark(pid);
  if (pid === undefined || startMark === null) {
    child.once('error', () => undefined); // reported by the line below
    throw new LocalStackError('not-ready', child.spawnfile, 'MiniStack could not be started');
  }
  const endpoint = `http://${LOOPBACK}:${port}`;
  return { version: 1, pid, startMark, port, endpoint, startedAt: new Date().toISOString() };
}

async function waitUntilReady(
  child: ChildProcess,
  record: StackRecord,
  logFile: string,
  deadlineMs: number,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      const how = child.signalCode ?? `status ${child.exitCode}`;
      const message = `MiniStack ended at once with ${how}:\n${readTail(logFile)}\n`;
      throw new LocalStackError('not-ready', logFile, message);
    }
    if (await isHealthy(record.endpoint)) return;
    await sleep(READY_POLL_MS);
  }
  const message = `MiniStack did not answer within ${deadlineMs} ms:\n${readTail(logFile)}\n`;
  throw new LocalStackError('not-ready', logFile, message);
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
    const response = await fetch(`${endpoint}/_ministack/health`, { signal });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // refused or timed out: not ready, which is what the caller asks
  }
}

/** It has no authentication, so it must not be reachable from the network whatever its version does with BIND_HOST. */
function refuseExposed(record: StackRecord): void {
  const exposed = (listListeningSockets(record.pid) ?? []).filter((it) => !it.loopbackOnly);
  if (exposed.length === 0) return;
  const ports = exposed.map((it) => it.port).join(', ');
  const message = `MiniStack listens beyond loopback on port ${ports}, so it was ended`;
  throw new LocalStackError('exposed', record.endpoint, message);
}

async function endGroup(groupId: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return;
  if (await waitForEnd(groupId, TERM_DEADLINE_MS)) return;
  signalGroup(groupId, 'SIGKILL');
  if (await waitForEnd(groupId, KILL_DEADLINE_MS)) return;
  throw new LocalStackError('not-ended', String(groupId), 'the processes of MiniStack do not end');
}

async function waitForEnd(groupId: number, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (isGroupAlive(groupId)) {
    if (performance.now() > deadline) return false;
    await sleep(END_POLL_MS);
  }
  return true;
}

function readTail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
