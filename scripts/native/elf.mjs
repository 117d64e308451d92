// Reads from a shared object what it asks of the system it is loaded on: processor, libraries,
// symbol versions. Only 64-bit little-endian ELF, which is all that the layers hold.
import fs from 'node:fs';
import path from 'node:path';
import { SetupError } from '../system/process.mjs';
import { LAMBDA_SYMBOLS, TARGETS } from './targets.mjs';

const SECTION_DYNAMIC = 6;
const SECTION_VERSIONS_NEEDED = 0x6ffffffe;
const TAG_NEEDED = 1n;
const LAMBDA_LIBRARIES =
  /^(lib(c|m|pthread|dl|rt|gcc_s|stdc\+\+)\.so\.\d+|ld-linux-(x86-64|aarch64)\.so\.\d+)$/;

/** Returns { machine, libraries: [name], versions: { GLIBC: '2.17', ... } } (the highest of each). */
export function readElf(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new SetupError(`${file} is not a 64-bit little-endian ELF file`);
  }
  const sections = readSections(bytes);
  return {
    machine: bytes.readUInt16LE(18),
    libraries: readNeeded(bytes, sections),
    versions: readVersions(bytes, sections),
  };
}

/** Why this file cannot be loaded by Lambda's Node on `arch`, as sentences; none when it can. */
export function lambdaObjections(file, arch) {
  const { machine, libraries, versions } = readElf(file);
  const name = path.basename(file);
  const objections = [];
  if (machine !== TARGETS[arch].elfMachine) {
    objections.push(`${name} is for ELF machine ${machine}, not for ${arch}`);
  }
  for (const library of libraries) {
    if (!LAMBDA_LIBRARIES.test(library)) objections.push(`${name} needs ${library}`);
  }
  for (const [family, version] of Object.entries(versions)) {
    const most = LAMBDA_SYMBOLS[family];
    if (!most) objections.push(`${name} needs symbols of ${family}_${version}`);
    else if (compareVersions(version, most) > 0) {
      objections.push(`${name} needs ${family}_${version}; Lambda (Amazon Linux 2023) has ${most}`);
    }
  }
  return objections;
}

function readSections(bytes) {
  const offset = Number(bytes.readBigUInt64LE(40));
  const size = bytes.readUInt16LE(58);
  const count = bytes.readUInt16LE(60);
  return Array.from({ length: count }, (_, i) => {
    const at = offset + i * size;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      entries: bytes.readUInt32LE(at + 44),
    };
  });
}

function readNeeded(bytes, sections) {
  const dynamic = sections.find((section) => section.type === SECTION_DYNAMIC);
  if (!dynamic) return [];
  const names = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    if (bytes.readBigInt64LE(at) !== TAG_NEEDED) continue;
    names.push(text(bytes, sections[dynamic.link].offset + Number(bytes.readBigUInt64LE(at + 8))));
  }
  return names.sort((a, b) => (a < b ? -1 : 1));
}

function readVersions(bytes, sections) {
  const section = sections.find((candidate) => candidate.type === SECTION_VERSIONS_NEEDED);
  const highest = {};
  if (!section) return highest;
  let library = section.offset;
  for (let i = 0; i < section.entries; i++) {
    let entry = library + bytes.readUInt32LE(library + 8);
    for (let j = 0; j < bytes.readUInt16LE(library + 2); j++) {
      const name = text(bytes, sections[section.link].offset + bytes.readUInt32LE(entry + 8));
      const [, family, version] = /^(.*?)_(\d.*)$/.exec(name) ?? [null, name, '0'];
      if (compareVersions(version, highest[family] ?? '0') >= 0) highest[family] = version;
      entry += bytes.readUInt32LE(entry + 12);
    }
    library += bytes.readUInt32LE(library + 12);
  }
  return highest;
}

function text(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
