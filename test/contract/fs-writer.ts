import { createFsObjectStore } from '../../shared/adapters/fs/fs-object-store.ts';

/** A process of its own for fs.test.ts: node fs-writer.ts FOLDER KEYS; exits with its wins. */
const [folder = '', keys = '0'] = process.argv.slice(2);
const store = createFsObjectStore(folder);
let wins = 0;
for (let index = 0; index < Number(keys); index += 1) {
  const target = { bucket: 'contract', key: `key/${index}` };
  const bytes = Buffer.from(String(process.pid));
  const result = await store.write(target, bytes, { ifAbsent: true });
  if (result.kind === 'created') wins += 1;
}
process.exitCode = wins;
