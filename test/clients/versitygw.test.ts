import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { AwsClientOptions } from '../../shared/adapters/aws/client-options.ts';
import { findFreePort } from '../../shared/adapters/local-stack/free-port.ts';
import { LOOPBACK } from '../../shared/adapters/local-stack/ministack-environment.ts';
import { openS3Host } from '../contract/aws-hosts.ts';
import { describeMultipartStore } from '../contract/multipart-store.ts';
import { describeObjectStore, HOSTILE_KEYS } from '../contract/object-store.ts';
import { ensureVersityGateway } from './versity-gateway.ts';

const READY_DEADLINE_MS = 20_000;
const POLL_MS = 50;
const CREDENTIALS = { accessKeyId: 'contract', secretAccessKey: 'contract-secret' };

/**
 * Its objects are files under their own names, so it refuses what no path can be; and it lists
 * control characters as they are, which XML cannot carry.
 */
const PATH_KEYS = HOSTILE_KEYS.filter((key) => {
  if (key.includes('\u0001')) return false;
  const parts = key.split('/');
  const isPath = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return isPath && parts.every((part) => Buffer.byteLength(part) <= 255);
});

const gateway = ensureVersityGateway();
const why = gateway.kind === 'ready' ? '' : ` (skipped: ${gateway.reason})`;
const program = gateway.kind === 'ready' ? gateway.program : null;

describe.skipIf(program === null)(`S3 adapter on versitygw${why}`, () => {
  let folder: string;
  let endpoint: string;
  let child: ChildProcess | null = null;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mithril-versitygw-'));
    const port = await findFreePort();
    endpoint = `http://${LOOPBACK}:${port}`;
    child = await startGateway(program ?? '', folder, port);
  });
  afterAll(async () => {
    child?.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });
  const open = (bucket: string) => () => {
    const connection: AwsClientOptions = {
      endpoint,
      region: 'us-east-1',
      credentials: CREDENTIALS,
    };
    return openS3Host(connection, { bucket, isVersioned: false, hasChecksum: true });
  };
  describeObjectStore('versitygw', open('contract-objects'), PATH_KEYS);
  describeMultipartStore('versitygw', open('contract-multipart'));
});

async function startGateway(path: string, folder: string, port: number): Promise<ChildProcess> {
  const root = join(folder, 'objects');
  await mkdir(root);
  const child = spawn(path, ['--port', `${LOOPBACK}:${port}`, '--quiet', 'posix', root], {
    env: {
      ...process.env,
      ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId,
      ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey,
    },
    stdio: 'ignore',
  });
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const isUp = await fetch(`http://${LOOPBACK}:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return child;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  child.kill('SIGKILL');
  throw new Error(`versitygw did not answer (exit ${child.exitCode})`);
}
