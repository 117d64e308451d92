// Coverage of the command line, which tests run as a process of its own: from the files that Node
// writes where NODE_V8_COVERAGE says, and from the bundle in dist/cli.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../system/cache.mjs';
import { markRan, readPoints } from './source-lines.mjs';

const BUNDLE = path.join(ROOT, 'dist', 'cli');
/** The bundle, and copies of it that tests make; the names hold digests of the content. */
const BUNDLED = /\/dist\/(?:cli|test-cli-\d+)\/(?<name>[^/]+\.js)$/u;

/** Lines that ran: path from the root of the repository -> Set of line numbers. */
export function linesOfChildren(folder) {
  const bundles = new Map();
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    for (const { url, functions } of readScripts(path.join(folder, file))) {
      const name = BUNDLED.exec(url)?.groups.name;
      if (name === undefined) continue;
      if (!bundles.has(name)) bundles.set(name, openBundle(name));
      const bundle = bundles.get(name);
      if (bundle !== null) markRan(bundle.points, functions, bundle.ran);
    }
  }
  return collectLines(bundles);
}

/** A process that was killed may leave half a file. */
function readScripts(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).result ?? [];
  } catch {
    return [];
  }
}

/** Null: a file of another build, or one without sources of ours. */
function openBundle(name) {
  const file = path.join(BUNDLE, name);
  if (!fs.existsSync(file) || !fs.existsSync(`${file}.map`)) return null;
  const map = JSON.parse(fs.readFileSync(`${file}.map`, 'utf8'));
  const sources = map.sources.map((source) => path.relative(ROOT, path.resolve(BUNDLE, source)));
  const isOurs = (source) => !source.startsWith('..') && !source.startsWith('node_modules');
  if (!sources.some(isOurs)) return null;
  const points = readPoints(fs.readFileSync(file, 'utf8'), map)
    .filter(({ source }) => isOurs(sources[source]))
    .toSorted((a, b) => a.offset - b.offset);
  return { sources, points, ran: new Uint8Array(points.length) };
}

function collectLines(bundles) {
  const lines = new Map();
  for (const bundle of bundles.values()) {
    for (const [at, { source, line }] of (bundle?.points ?? []).entries()) {
      if (bundle.ran[at] === 0) continue;
      const file = bundle.sources[source];
      if (!lines.has(file)) lines.set(file, new Set());
      lines.get(file).add(line);
    }
  }
  return lines;
}
