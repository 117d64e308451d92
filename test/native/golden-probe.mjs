// Part of layer-probe.mjs: decodes every golden file, and encodes what came out once more.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const OPTIONS = { bases: [], threads: 2, level: 'default' };
const digestOf = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/**
 * Digests by file: of the original that it decodes to, and of that original encoded alone.
 * A delta's base lies beside it, where the codec finds it.
 */
export async function golden(native, folder) {
  const digests = {};
  if (!fs.existsSync(folder)) return digests;
  const names = fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.mith'));
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'mithril-golden-'));
  try {
    const [original, again] = ['original', 'again'].map((name) => path.join(work, name));
    for (const name of names.sort()) {
      await new native.PackedJob().decompress(path.join(folder, name), original, OPTIONS);
      await new native.PackedJob().compress(original, again, { ...OPTIONS, name: 'original' });
      digests[name] = [digestOf(original), digestOf(again)].join(' ');
    }
  } finally {
    fs.rmSync(work, { recursive: true });
  }
  return digests;
}
