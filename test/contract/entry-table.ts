import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  EntryTable,
  EntryWrite,
  RemovableEntryTable,
} from '../../shared/ports/entry-table.ts';

export interface EntryTableHost {
  readonly table: RemovableEntryTable;
  close(): Promise<void>;
}

const WRITERS = 16;

const put = (
  sk: string,
  expected: EntryWrite['expect'],
  body: EntryWrite['body'] = {},
): EntryWrite => ({ key: { pk: 'p', sk }, body, expect: expected });

/** The behaviour that every `EntryTable` has. */
export function describeEntryTable(name: string, open: () => Promise<EntryTableHost>): void {
  describe(`entry table: ${name}`, () => {
    let host: EntryTableHost;
    beforeAll(async () => {
      host = await open();
    });
    afterAll(async () => host?.close());
    describeSingleWrites(() => host.table);
    describeTransactions(() => host.table);
    describeOrder(() => host.table);
    describeRemoval(() => host.table);
  });
}

function describeSingleWrites(table: () => EntryTable): void {
  it('gives back every kind of value, and null for what is not there', async () => {
    const body = {
      text: 'ü 😀 \u2028 "quoted"',
      empty: '',
      big: Number.MAX_SAFE_INTEGER,
      fraction: 0.1,
      small: -1.5e-9,
      yes: true,
      no: false,
      none: null,
      list: [1, 'two', [null]],
      map: { deep: { deeper: 'x' }, 'odd key.': 1 },
    };
    expect(await table().read({ pk: 'p', sk: 'values' })).toBeNull();
    expect(await table().write(put('values', 'absent', body))).toEqual({ kind: 'written' });
    const read = await table().read({ pk: 'p', sk: 'values' });
    expect(read).toEqual({ key: { pk: 'p', sk: 'values' }, version: 1, body });
  });

  it('counts versions and refuses stale ones', async () => {
    await table().write(put('versions', 'absent', { at: 1 }));
    expect(await table().write(put('versions', 'absent'))).toEqual({ kind: 'conflict' });
    expect(await table().write(put('versions', 1, { at: 2 }))).toEqual({ kind: 'written' });
    expect(await table().write(put('versions', 1, { at: 9 }))).toEqual({ kind: 'conflict' });
    expect(await table().write(put('versions', 3, { at: 9 }))).toEqual({ kind: 'conflict' });
    const read = await table().read({ pk: 'p', sk: 'versions' });
    expect(read).toMatchObject({ version: 2, body: { at: 2 } });
  });

  it('replaces the whole body', async () => {
    await table().write(put('whole', 'absent', { a: 1, b: 2 }));
    await table().write(put('whole', 1, { b: 3 }));
    expect((await table().read({ pk: 'p', sk: 'whole' }))?.body).toEqual({ b: 3 });
  });

  it('does not update what is not there', async () => {
    expect(await table().write(put('never', 1))).toEqual({ kind: 'conflict' });
    expect(await table().read({ pk: 'p', sk: 'never' })).toBeNull();
  });

  it(`lets one of ${WRITERS} writers of the same version win`, async () => {
    await table().write(put('race', 'absent', { winner: -1 }));
    const results = await Promise.all(
      Array.from({ length: WRITERS }, (_, winner) => table().write(put('race', 1, { winner }))),
    );
    const winners = results.flatMap((item, index) => (item.kind === 'written' ? [index] : []));
    expect(winners).toHaveLength(1);
    const read = await table().read({ pk: 'p', sk: 'race' });
    expect(read).toMatchObject({ version: 2, body: { winner: winners[0] } });
  });
}

function describeTransactions(table: () => EntryTable): void {
  it('writes all entries or none', async () => {
    await table().write(put('tx/old', 'absent', { at: 1 }));
    const good = [put('tx/old', 1, { at: 2 }), put('tx/new', 'absent', { at: 2 })];
    expect(await table().writeAll(good)).toEqual({ kind: 'written' });
    const bad = [put('tx/other', 'absent'), put('tx/old', 1, { at: 3 })];
    expect(await table().writeAll(bad)).toEqual({ kind: 'conflict' });
    expect(await table().read({ pk: 'p', sk: 'tx/other' })).toBeNull();
    expect(await table().read({ pk: 'p', sk: 'tx/old' })).toMatchObject({
      version: 2,
      body: { at: 2 },
    });
    expect(await table().read({ pk: 'p', sk: 'tx/new' })).toMatchObject({ version: 1 });
  });

  it('takes 25 entries and refuses 26', async () => {
    const entries = Array.from({ length: 26 }, (_, index) => put(`many/${index}`, 'absent'));
    const refused = table().writeAll(entries);
    await expect(refused).rejects.toMatchObject({ name: 'EntryTableError', retryable: false });
    expect(await table().read({ pk: 'p', sk: 'many/0' })).toBeNull();
    expect(await table().writeAll(entries.slice(0, 25))).toEqual({ kind: 'written' });
    expect(await table().writeAll([])).toEqual({ kind: 'written' });
  });

  it('lets one of 8 transactions over the same two entries win', async () => {
    await table().writeAll([put('pair/a', 'absent'), put('pair/b', 'absent')]);
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, by) =>
        table().writeAll([put('pair/a', 1, { by }), put('pair/b', 1, { by })]),
      ),
    );
    expect(results.filter((item) => item.kind === 'written')).toHaveLength(1);
    const a = await table().read({ pk: 'p', sk: 'pair/a' });
    const b = await table().read({ pk: 'p', sk: 'pair/b' });
    expect(a?.body).toEqual(b?.body);
  });
}

function describeOrder(table: () => EntryTable): void {
  it('reads a partition downwards from below a key', async () => {
    for (const sk of ['002#b', '001#a', '010#d', '002#a', '003#c']) {
      const key = { pk: 'series', sk };
      await table().write({ key, body: { name: sk }, expect: 'absent' });
    }
    await table().write({ key: { pk: 'serier', sk: '000' }, body: {}, expect: 'absent' });
    await table().write({ key: { pk: 'series2', sk: '000' }, body: {}, expect: 'absent' });
    const names = async (before: string, countMax: number): Promise<string[]> =>
      (await table().readBefore('series', before, countMax)).map((item) => item.key.sk);
    expect(await names('003', 10)).toEqual(['002#b', '002#a', '001#a']);
    expect(await names('003#c', 2)).toEqual(['002#b', '002#a']);
    expect(await names('999', 1)).toEqual(['010#d']);
    expect(await names('001#a', 10)).toEqual([]);
    expect(await names('', 10)).toEqual([]);
    expect(await names('999', 0)).toEqual([]);
    expect(await table().readBefore('no-such-partition', '9', 10)).toEqual([]);
  });

  it('reads more entries than one page holds', async () => {
    const text = 'x'.repeat(60_000);
    for (let index = 0; index < 25; index += 1) {
      const key = { pk: 'large', sk: String(100 + index) };
      await table().write({ key, body: { text }, expect: 'absent' });
    }
    const read = await table().readBefore('large', '999', 25);
    expect(read.map((item) => item.key.sk)).toEqual(
      Array.from({ length: 25 }, (_, index) => String(124 - index)),
    );
  });
}

function describeRemoval(table: () => RemovableEntryTable): void {
  it('removes an entry at the version that was read, and no other', async () => {
    const key = { pk: 'p', sk: 'removed' };
    await table().write(put('removed', 'absent', { at: 1 }));
    await table().write(put('removed', 1, { at: 2 }));
    expect(await table().remove(key, 1)).toEqual({ kind: 'conflict' });
    expect(await table().remove(key, 2)).toEqual({ kind: 'written' });
    expect(await table().remove(key, 2)).toEqual({ kind: 'conflict' });
    expect(await table().read(key)).toBeNull();
    expect(await table().write(put('removed', 'absent'))).toEqual({ kind: 'written' });
  });
}
