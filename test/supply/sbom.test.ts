import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'mithril-sbom-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Component {
  readonly name: string;
  readonly version: string;
  readonly scope: string;
  readonly purl: string;
  readonly 'bom-ref': string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

const make = (name: string) => {
  const out = join(scratch, name);
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'sbom.mjs'), '--out', out], {
    stdio: 'ignore',
  });
  return readFileSync(out, 'utf8');
};
const text = make('first.json');
const bill: { bomFormat: string; specVersion: string; components: Component[] } = JSON.parse(text);
const find = (purl: RegExp) => bill.components.filter((one) => purl.test(one.purl));

describe('the bill of materials', () => {
  it('is CycloneDX 1.6, the same bytes each time, every reference once', () => {
    expect(bill.bomFormat).toBe('CycloneDX');
    expect(bill.specVersion).toBe('1.6');
    expect(make('second.json')).toBe(text);
    expect(new Set(bill.components.map((one) => one['bom-ref'])).size).toBe(bill.components.length);
  });

  it('has every dependency of package.json with the version of the lock file', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [name, version] of Object.entries(dependencies)) {
      expect(
        find(new RegExp(`^pkg:npm/${name.replace('@', '%40')}@${String(version)}$`, 'u')),
      ).toEqual([expect.objectContaining({ name, version, scope: 'required' })]);
    }
  });

  it('has the crates with their digests, and none of our own', () => {
    const [zstd] = find(/^pkg:cargo\/zstd@/u);
    expect(zstd?.hashes?.[0]?.content).toMatch(/^[\da-f]{64}$/u);
    expect(find(/^pkg:cargo\/mithril-/u)).toEqual([]);
  });

  it('says of tools of tests that they are not part of the product', () => {
    expect(find(/^pkg:npm\/vitest@/u).map(({ scope }) => scope)).toEqual(['excluded']);
    expect(find(/^pkg:pypi\/pytest@/u).map(({ scope }) => scope)).toEqual(['excluded']);
  });
});
