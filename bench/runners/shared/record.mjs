// One record per run: what was measured, where and with what.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../../../scripts/system/cache.mjs';
import { capture } from './programs.mjs';

/** Features of the processor that the native code has paths for. */
const FEATURES = /^(avx2|avx512\w*|bmi2|pclmulqdq|sse4_2|asimd|crc32|sve2?)$/;

export function startRecord(product, options) {
  return {
    product,
    date: new Date().toISOString(),
    options: withoutFolders(options),
    commit: capture('git', ['rev-parse', 'HEAD']).trim(),
    isClean: capture('git', ['status', '--porcelain', '--untracked-files=no']).trim() === '',
    machine: machine(),
    loadBefore: os.loadavg(),
  };
}

/** A record is published: it names files, not where a person keeps them. */
function withoutFolders(options) {
  const named = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === 'string' ? path.basename(value) : value,
  ]);
  return Object.fromEntries(named);
}

/** Writes the record, and says where. */
export function finishRecord(record) {
  record.loadAfter = os.loadavg();
  record.seconds = (Date.now() - Date.parse(record.date)) / 1000;
  const stamp = record.date.slice(0, 19).replaceAll(':', '');
  const name = path.join('bench', 'records', `${record.product}-${stamp}.json`);
  fs.writeFileSync(path.join(ROOT, name), `${JSON.stringify(record, null, 2)}\n`);
  process.stderr.write(`Recorded in ${name} after ${record.seconds.toFixed(0)} s\n`);
}

function machine() {
  return {
    cpu: os.cpus()[0]?.model.trim(),
    features: cpuFeatures(),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    arch: process.arch,
    node: process.version,
    rustc: capture('rustc', ['--version']).trim(),
    python: capture('python3', ['--version']).trim(),
  };
}

function cpuFeatures() {
  if (!fs.existsSync('/proc/cpuinfo')) return [];
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'));
  return (line?.[1] ?? '').split(' ').filter((name) => FEATURES.test(name));
}
