import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFunctions, functionNames, LAYER_MODULES } from '../../infra/functions-bundle.ts';
import { ROOT } from './synthesize.ts';

const BUNDLE_BYTES_MAX = 3 * 1024 * 1024;
const folder = bundleFunctions(ROOT, mkdtempSync(join(tmpdir(), 'mithril-bundles-')));
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return { name: relative(folder, path), code: readFileSync(path, 'utf8') };
  });
const handlers = functionNames(ROOT).map((name) => ({ name: `${name}/index.mjs` }));

describe('the bundles', () => {
  it('are one entry a function, all else is shared', () => {
    const entries = files.map(({ name }) => dirname(name)).filter((name) => name !== '.');
    expect(entries.sort()).toEqual([
      'cache',
      'cache-sweep',
      'commit',
      'dedup-bucket',
      'dedup-filter',
      'dedup-gather',
      'dedup-hash',
      'dedup-plan',
      'dedup-report',
      'dedup-shingle',
      'dedup-stitch',
      'dedup-verify',
      'encode',
      'end',
      'plan',
      'publish',
      'quarantine',
      'reconcile',
      'restore-finish',
      'restore-part',
      'restore-plan',
      'retire',
      'start',
      'verify',
    ]);
    const bytes = files.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
    expect(bytes).toBeLessThan(BUNDLE_BYTES_MAX);
  });

  it.each(handlers)('$name exports its handler', ({ name }) => {
    const entry = files.find((file) => file.name === name);
    expect(entry?.code).toMatch(/export \{\s*handler\s*\}/u);
  });

  it('import nothing but Node and each other: layers are not seen by import', () => {
    const names = new Set(files.map(({ name }) => name));
    for (const { name, code } of files) {
      const imported = [...code.matchAll(/^import\s[^;]*?from\s*["']([^"']+)["']/gmu)];
      const foreign = imported
        .map(([, module = '']) => module)
        .filter((module) => !isBuiltin(module) && !names.has(join(dirname(name), module)));
      expect([name, foreign]).toEqual([name, []]);
      for (const module of LAYER_MODULES) {
        expect(code).not.toMatch(new RegExp(`(?:import|from)\\s*\\(?["']${module}["']`, 'u'));
      }
    }
  });

  it('never make code of data', () => {
    for (const { name, code } of files) {
      expect([name, /\beval\s*\(|pickle/iu.test(code)]).toEqual([name, false]);
    }
  });
});
