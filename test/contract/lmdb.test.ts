import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLmdbEntryTable } from '../../shared/adapters/lmdb/lmdb-entry-table.ts';
import { describeEntryTable } from './entry-table.ts';

describeEntryTable('lmdb', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mithril-lmdb-'));
  const table = openLmdbEntryTable(folder);
  const close = async (): Promise<void> => {
    await table.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { table, close };
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-lmdb-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COUNTS = 25;
const PROCESSES = 3;

/** Counts up the same entry until it has won COUNTS times. */
function runCounter(path: string): Promise<number | null> {
  const script = fileURLToPath(new URL('./lmdb-counter.ts', import.meta.url));
  const child = fork(script, [path, String(COUNTS)], { execArgv: ['--import', 'tsx'] });
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', done);
  });
}

it(`loses no write of ${PROCESSES} processes, and sees them at once`, async () => {
  const path = join(folder, 'shared');
  const codes = await Promise.all(Array.from({ length: PROCESSES }, () => runCounter(path)));
  expect(codes).toEqual(Array.from({ length: PROCESSES }, () => 0));
  const table = openLmdbEntryTable(path);
  const entry = await table.read({ pk: 'counter', sk: 'row' });
  await table.close();
  expect(entry).toMatchObject({ version: PROCESSES * COUNTS, body: { n: PROCESSES * COUNTS } });
});

it('keeps entries when it is opened again', async () => {
  const path = join(folder, 'again');
  const first = openLmdbEntryTable(path);
  await first.write({ key: { pk: 'p', sk: 's' }, body: { a: 1 }, expect: 'absent' });
  await first.close();
  const second = openLmdbEntryTable(path);
  expect(await second.read({ pk: 'p', sk: 's' })).toMatchObject({ version: 1, body: { a: 1 } });
  await second.close();
});

it('refuses a key that lmdb cannot hold', async () => {
  const table = openLmdbEntryTable(join(folder, 'keys'));
  const key = { pk: 'p'.repeat(1_000), sk: 's'.repeat(1_000) };
  const refused = table.write({ key, body: {}, expect: 'absent' });
  await expect(refused).rejects.toMatchObject({ code: 'InvalidKey', retryable: false });
  await table.close();
});
