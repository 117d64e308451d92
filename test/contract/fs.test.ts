import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFsMultipartStore } from '../../shared/adapters/fs/fs-multipart-store.ts';
import { createFsObjectStore } from '../../shared/adapters/fs/fs-object-store.ts';
import { describeMultipartStore, type MultipartHost } from './multipart-store.ts';
import { describeObjectStore } from './object-store.ts';

async function openHost(): Promise<MultipartHost> {
  const root = await mkdtemp(join(tmpdir(), 'mithril-fs-'));
  const objects = createFsObjectStore(root);
  return {
    objects,
    multipart: createFsMultipartStore(root),
    retirer: objects,
    bucket: 'contract',
    isVersioned: true,
    hasChecksum: true,
    close: () => rm(root, { recursive: true, force: true }),
  };
}

describeObjectStore('files', openHost);
describeMultipartStore('files', openHost);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'mithril-fs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const PROCESSES = 3;
const KEYS = 40;

/** The number of keys that the process was the first to write. */
function runWriter(folder: string): Promise<number | null> {
  const script = fileURLToPath(new URL('./fs-writer.ts', import.meta.url));
  const child = fork(script, [folder, String(KEYS)], { execArgv: ['--import', 'tsx'] });
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', done);
  });
}

it(`lets one of ${PROCESSES} processes be the first to write each key`, async () => {
  const folder = join(root, 'shared');
  const counts = await Promise.all(Array.from({ length: PROCESSES }, () => runWriter(folder)));
  expect(counts.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0)).toBe(KEYS);
  const page = await createFsObjectStore(folder).listPage('contract', '', null);
  expect(page.versions).toHaveLength(KEYS);
});

it('takes in a file, and leaves the file as it was', async () => {
  const bytes = randomBytes(3_000_001);
  const path = join(root, 'input.bin');
  await writeFile(path, bytes);
  const store = createFsObjectStore(join(root, 'ingest'));
  const target = { bucket: 'contract', key: 'step-1/model' };
  const written = await store.ingest(target, path, { ifAbsent: true });
  expect(written.kind).toBe('created');
  const read = await store.readAll(target, bytes.length);
  expect(read.kind === 'read' && read.bytes.equals(bytes)).toBe(true);
  expect(await store.ingest(target, path, { ifAbsent: true })).toEqual({ kind: 'exists' });
});

it('leaves no temporary file and no unreferenced data behind', async () => {
  const folder = join(root, 'clean');
  const store = createFsObjectStore(folder);
  const target = { bucket: 'contract', key: 'key' };
  for (const text of ['one', 'two', 'three']) {
    await store.write(target, Buffer.from(text), { ifAbsent: true });
  }
  expect(await readdir(join(folder, 'contract', 'tmp'))).toEqual([]);
  expect(await readdir(join(folder, 'contract', 'objects', 'key='))).toHaveLength(2);
});

it('removes what a killed process left behind a day ago, and nothing newer', async () => {
  const folder = join(root, 'sweep');
  const store = createFsObjectStore(folder);
  const target = { bucket: 'contract', key: 'key' };
  await store.write(target, Buffer.from('x'), { ifAbsent: true });
  const temporary = join(folder, 'contract', 'tmp');
  await writeFile(join(temporary, 't-old'), 'x');
  await writeFile(join(temporary, 't-new'), 'x');
  const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
  await utimes(join(temporary, 't-old'), twoDaysAgo, twoDaysAgo);
  await store.ingest(target, join(temporary, 't-new'), { ifAbsent: false });
  expect(await readdir(temporary)).toEqual(['t-new']);
});

it('refuses names that are no bucket, and keys that are no text', async () => {
  const store = createFsObjectStore(root);
  for (const bucket of ['..', 'a/b', '../x', 'UPPER', 'a..b', '']) {
    const head = store.head({ bucket, key: 'k' });
    await expect(head).rejects.toMatchObject({ code: 'InvalidBucketName' });
  }
  for (const key of ['', '\ud800', 'k'.repeat(1_025)]) {
    const head = store.head({ bucket: 'contract', key });
    await expect(head).rejects.toMatchObject({ code: 'InvalidKey', retryable: false });
  }
});

it('never takes a version id or an upload id for a path', async () => {
  const store = createFsObjectStore(root);
  const reference = { bucket: 'contract', key: 'k', versionId: '../../x' };
  expect(await store.head(reference)).toEqual({ kind: 'absent' });
  const parts = createFsMultipartStore(root);
  await parts.abortUpload({ bucket: 'contract', key: 'k' }, '../../../x');
  const late = parts.uploadPart({ bucket: 'contract', key: 'k' }, '..', 1, Buffer.from('x'));
  await expect(late).rejects.toMatchObject({ code: 'NoSuchUpload' });
});
