import { openLmdbEntryTable } from '../../shared/adapters/lmdb/lmdb-entry-table.ts';

/** A process of its own for lmdb.test.ts: node lmdb-counter.ts FOLDER COUNT */
const [folder = '', count = '0'] = process.argv.slice(2);
const key = { pk: 'counter', sk: 'row' };
const table = openLmdbEntryTable(folder);
for (let won = 0; won < Number(count); ) {
  const entry = await table.read(key);
  const n = entry === null ? 0 : Number(entry.body['n']);
  const expect = entry === null ? 'absent' : entry.version;
  const result = await table.write({ key, body: { n: n + 1 }, expect });
  if (result.kind === 'written') won += 1;
}
await table.close();
