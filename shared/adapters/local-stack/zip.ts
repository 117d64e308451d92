import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { LocalStackError } from './local-stack-error.ts';

const LOCAL_HEADER_SIGNATURE = 0x04034b50;
const CENTRAL_HEADER_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const VERSION_NEEDED = 20;
/** Upper byte 3: the attributes are those of Unix. */
const VERSION_MADE_BY_UNIX = 0x0314;
const FLAG_UTF8_NAMES = 0x0800;
/** 1980-01-01, the first day of the format: the same folder always gives the same bytes. */
const DOS_DATE = 0x0021;
const PERMISSION_BITS = 0o777;
const REGULAR_FILE = 0o100000;
const ENTRY_COUNT_MAX = 0xffff;
const ARCHIVE_BYTES_MAX = 0xffff_ffff;

interface Entry {
  readonly name: Buffer;
  readonly body: Buffer;
  readonly mode: number;
}

/**
 * A zip archive of a folder, stored without compression: it only travels over loopback. Names are sorted, times fixed;
 * symbolic links are followed, as CDK does. Throws beyond 4 GiB or 65,535 files.
 */
export function zipFolder(folder: string): Buffer {
  const entries = listFiles(folder, '').map((name) => readEntry(folder, name));
  const headers: Buffer[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const fields = commonFields(entry);
    headers.push(centralHeader(entry, fields, offset), entry.name);
    const local = Buffer.alloc(4);
    local.writeUInt32LE(LOCAL_HEADER_SIGNATURE);
    parts.push(local, fields, entry.name, entry.body);
    offset += local.length + fields.length + entry.name.length + entry.body.length;
  }
  const central = Buffer.concat(headers);
  if (entries.length > ENTRY_COUNT_MAX || offset + central.length > ARCHIVE_BYTES_MAX) {
    throw new LocalStackError('bad-assembly', folder, 'the folder is too large for a zip archive');
  }
  return Buffer.concat([...parts, central, endRecord(entries.length, central.length, offset)]);
}

function listFiles(folder: string, prefix: string): string[] {
  const names = readdirSync(join(folder, prefix)).toSorted();
  return names.flatMap((name) => {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    return statSync(join(folder, path)).isDirectory() ? listFiles(folder, path) : [path];
  });
}

function readEntry(folder: string, name: string): Entry {
  const file = join(folder, name);
  const mode = REGULAR_FILE | (statSync(file).mode & PERMISSION_BITS);
  return { name: Buffer.from(name), body: readFileSync(file), mode };
}

/** The 26 bytes which the local and the central header share. */
function commonFields(entry: Entry): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION_NEEDED, 0);
  fields.writeUInt16LE(FLAG_UTF8_NAMES, 2);
  fields.writeUInt16LE(0, 4); // method: stored
  fields.writeUInt16LE(0, 6); // time
  fields.writeUInt16LE(DOS_DATE, 8);
  fields.writeUInt32LE(crc32(entry.body), 10);
  fields.writeUInt32LE(entry.body.length, 14);
  fields.writeUInt32LE(entry.body.length, 18);
  fields.writeUInt16LE(entry.name.length, 22);
  return fields;
}

function centralHeader(entry: Entry, fields: Buffer, offset: number): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(CENTRAL_HEADER_SIGNATURE, 0);
  header.writeUInt16LE(VERSION_MADE_BY_UNIX, 4);
  fields.copy(header, 6);
  header.writeUInt32LE(entry.mode * 0x10000, 38);
  header.writeUInt32LE(offset, 42);
  return header;
}

function endRecord(entryCount: number, centralBytes: number, centralOffset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END_SIGNATURE, 0);
  end.writeUInt16LE(entryCount, 8);
  end.writeUInt16LE(entryCount, 10);
  end.writeUInt32LE(centralBytes, 12);
  end.writeUInt32LE(centralOffset, 16);
  return end;
}
