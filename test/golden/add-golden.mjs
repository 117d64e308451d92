#!/usr/bin/env node
// Adds the golden files that are not yet listed; never touches a listed one.
//
//   node test/golden/add-golden.mjs
//
// Needs the native module of this machine (node scripts/setup.mjs codec).
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES } from './originals.mjs';

const FOLDER = fileURLToPath(new URL('v1/', import.meta.url));
const LIST = path.join(FOLDER, 'MANIFEST.json');
const native = createRequire(import.meta.url)(
  `../../native/codec-napi/mithril-native.${process.platform}-${process.arch}.node`,
);

const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');
const list = fs.existsSync(LIST) ? JSON.parse(fs.readFileSync(LIST, 'utf8')) : { files: [] };
const listed = new Set(list.files.map(({ file }) => file));
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'mithril-add-golden-'));

for (const [name, { make, base, segmentBytes, sha256 }] of Object.entries(CASES)) {
  const file = `${name}.mith`;
  if (listed.has(file)) continue;
  const original = make();
  const source = path.join(work, name);
  fs.writeFileSync(source, original);
  const options = { threads: 1, level: 'default', name, sha256 };
  if (segmentBytes !== undefined) options.segmentBytes = segmentBytes;
  const bases = base === undefined ? [] : [path.join(FOLDER, `${base}.mith`)];
  await new native.PackedJob().compress(source, path.join(FOLDER, file), { ...options, bases });
  const packed = fs.readFileSync(path.join(FOLDER, file));
  list.files.push({
    file,
    bytes: packed.length,
    sha256: digestOf(packed),
    original: { bytes: original.length, sha256: digestOf(original) },
    base: base === undefined ? null : `${base}.mith`,
  });
  console.log(`added ${file}: ${original.length} -> ${packed.length} bytes`);
}
fs.rmSync(work, { recursive: true });
fs.writeFileSync(LIST, `${JSON.stringify(list, null, 2)}\n`);
