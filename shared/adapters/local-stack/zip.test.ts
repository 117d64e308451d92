import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { zipFolder } from './zip.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mithril-zip-'));
  mkdirSync(join(folder, 'b'));
  writeFileSync(join(folder, 'b', 'ü.txt'), 'nested');
  writeFileSync(join(folder, 'a.mjs'), 'first', { mode: 0o755 });
  writeFileSync(join(folder, 'empty'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the central directory says, read by the offsets of the format (APPNOTE 4.3.12). */
function readDirectory(archive: Buffer) {
  const end = archive.length - 22;
  expect(archive.readUInt32LE(end)).toBe(0x06054b50);
  let at = archive.readUInt32LE(end + 16);
  return Array.from({ length: archive.readUInt16LE(end + 10) }, () => {
    expect(archive.readUInt32LE(at)).toBe(0x02014b50);
    const nameBytes = archive.readUInt16LE(at + 28);
    const size = archive.readUInt32LE(at + 24);
    const local = archive.readUInt32LE(at + 42);
    const bodyAt = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const body = archive.subarray(bodyAt, bodyAt + size);
    expect(archive.readUInt32LE(at + 16)).toBe(crc32(body));
    const name = archive.toString('utf8', at + 46, at + 46 + nameBytes);
    const mode = archive.readUInt32LE(at + 38) >>> 16;
    at += 46 + nameBytes;
    return { name, body: body.toString(), isExecutable: (mode & 0o111) !== 0 };
  });
}

test('an archive holds every file of the folder under its relative path', () => {
  expect(readDirectory(zipFolder(folder))).toEqual([
    { name: 'a.mjs', body: 'first', isExecutable: true },
    { name: 'b/ü.txt', body: 'nested', isExecutable: false },
    { name: 'empty', body: '', isExecutable: false },
  ]);
});

test('the same content gives the same bytes, whenever it was written', () => {
  const first = zipFolder(folder);
  utimesSync(join(folder, 'a.mjs'), 1, 1);
  expect(zipFolder(folder).equals(first)).toBe(true);
  writeFileSync(join(folder, 'a.mjs'), 'other');
  expect(zipFolder(folder).equals(first)).toBe(false);
});
