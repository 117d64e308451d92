import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findInputs, placeOutputs } from './files.ts';

describe('inputs and outputs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mithril-dedup-files-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'deep'));
  for (const name of [
    'b.jsonl',
    'a.jsonl.zst',
    'B.jsonl.gz',
    'deep/c.jsonl',
    'notes.txt',
    '.h.jsonl',
  ]) {
    writeFileSync(join(folder, name), '');
  }
  const names = async (...args: string[]): Promise<string[]> =>
    (await findInputs(args)).map((file) => file.path.slice(folder.length + 1));

  it('a folder gives its files of known kinds in byte order', async () => {
    expect(await names(folder)).toEqual(['B.jsonl.gz', 'a.jsonl.zst', 'b.jsonl', 'deep/c.jsonl']);
  });

  it('patterns match within names and over folders', async () => {
    expect(await names(join(folder, '*.jsonl'))).toEqual(['b.jsonl']);
    expect(await names(join(folder, '**/*.jsonl'))).toEqual(['b.jsonl', 'deep/c.jsonl']);
    expect(await names(join(folder, '[aB].jsonl.*'))).toEqual(['B.jsonl.gz', 'a.jsonl.zst']);
    expect(await names(join(folder, 'deep/?.jsonl'))).toEqual(['deep/c.jsonl']);
    await expect(names(join(folder, '*.csv'))).rejects.toThrow('no file matches');
  });

  it('a file that is named twice is read once', async () => {
    expect(await names(join(folder, 'b.jsonl'), folder)).toHaveLength(4);
  });

  it('many inputs go to a folder with their places in it, one to a file', async () => {
    const many = await findInputs([folder]);
    expect((await placeOutputs(many, join(folder, 'out'))).at(-1)).toBe(
      join(folder, 'out/deep/c.jsonl'),
    );
    const one = await findInputs([join(folder, 'b.jsonl')]);
    expect(await placeOutputs(one, 'clean.jsonl')).toEqual(['clean.jsonl']);
    expect(await placeOutputs(one, folder).catch(String)).toContain('the output is an input');
    const two = await findInputs([join(folder, 'b.jsonl'), join(folder, 'deep/c.jsonl')]);
    await expect(placeOutputs(two, join(folder, 'notes.txt'))).rejects.toThrow('need a folder');
  });
});
