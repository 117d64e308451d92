import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFsObjectStore } from '../../shared/adapters/fs/fs-object-store.ts';
import { openLmdbEntryTable } from '../../shared/adapters/lmdb/lmdb-entry-table.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'mithril-crash-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const KILLS = 3;

function start(script: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return fork(path, args, { execArgv: ['--import', 'tsx'] });
}

/** Kills the process in the middle of what it does, after `seen` says that it does something. */
async function killWhenBusy(child: ChildProcess, seen: () => Promise<boolean>): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  while (child.exitCode === null && !(await seen())) await sleep(5);
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await ended;
}

it('keeps every object whole when its writer is killed', async () => {
  const store = createFsObjectStore(root);
  let before = 0;
  for (let round = 0; round < KILLS; round += 1) {
    const child = start('./fs-writer.ts', [root, '100000']);
    const count = async () => (await store.listPage('contract', '', null)).versions.length;
    await killWhenBusy(child, async () => (await count()) > before + 10);
    const { versions } = await store.listPage('contract', '', null);
    for (const { object } of versions) {
      const read = await store.readAll(object, 100);
      expect(read.kind === 'read' && /^\d+$/.test(read.bytes.toString())).toBe(true);
      expect(await store.write(object, Buffer.from('x'), { ifAbsent: true })).toEqual({
        kind: 'exists',
      });
    }
    before = versions.length;
  }
});

it('keeps the table usable, and every answered write, when its writer is killed', async () => {
  const path = join(root, 'table');
  const table = openLmdbEntryTable(path);
  const key = { pk: 'counter', sk: 'row' };
  let before = 0;
  for (let round = 0; round < KILLS; round += 1) {
    const child = start('./lmdb-counter.ts', [path, '1000000']);
    const version = async () => (await table.read(key))?.version ?? 0;
    await killWhenBusy(child, async () => (await version()) > before + 10);
    const entry = await table.read(key);
    expect(entry?.body).toEqual({ n: entry?.version });
    before = entry?.version ?? 0;
    const write = () => table.write({ key, body: { n: before + 1 }, expect: before });
    let written = await write();
    before += 1;
    // Ours; or else the write that nobody answered: it was complete, and lmdb shows it from the next write on.
    expect(await table.read(key)).toMatchObject({ version: before, body: { n: before } });
    if (written.kind === 'conflict') {
      written = await write();
      before += 1;
    }
    expect(written).toEqual({ kind: 'written' });
  }
  await table.close();
});
