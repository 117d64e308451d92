import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFunctions, functionNames, LAYER_MODULES } from '../../infra/functions-bundle.ts';
import { ROOT } from './synthesize.ts';

const BUNDLE_BYTES_MAX = 3 * 1024 * 1024;
const folder = bundleFunctions(ROOT, mkdtempSync(join(tmpdir(), 'mithril-bundles-')));
const bundles = functionNames(ROOT).map((name) => {
  const file = join(folder, name, 'index.mjs');
  return { name, file, code: readFileSync(file, 'utf8') };
});

describe('the bundles', () => {
  it('are one a function', () => {
    expect(bundles.map(({ name }) => name)).toEqual([
      'commit',
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
  });

  it.each(bundles)('$name exports its handler and stays small', ({ file, code }) => {
    expect(code).toMatch(/export \{\s*handler\s*\}/u);
    expect(statSync(file).size).toBeLessThan(BUNDLE_BYTES_MAX);
  });

  it.each(bundles)('$name imports nothing but Node: layers are not seen by import', ({ code }) => {
    const imported = [...code.matchAll(/^import\s[^;]*?from\s*["']([^"']+)["']/gmu)];
    const modules = imported.map(([, module = '']) => module);
    expect(modules.length).toBeGreaterThan(0);
    const builtins = modules.filter((module) => isBuiltin(module));
    expect(modules).toEqual(builtins);
    for (const module of LAYER_MODULES) {
      expect(code).not.toMatch(new RegExp(`(?:import|from)\\s*\\(?["']${module}["']`, 'u'));
    }
  });

  it.each(bundles)('$name never makes code of data', ({ code }) => {
    expect(code).not.toMatch(/\beval\s*\(/u);
    expect(code).not.toMatch(/pickle/iu);
  });
});
