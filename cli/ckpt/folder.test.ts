import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';
import { writeSafetensors } from '../testing/sample-files.ts';

/** A checkpoint as trainers write it: shards, an index, hidden metadata, folders below. */
const FILES = [
  'model-1-of-2.safetensors',
  'model.safetensors.index.json',
  '.metadata',
  'a/rng.pth',
];

let cli: BuiltCli;
let folder: string;
const originals = new Map<string, Buffer>();
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-folder-'));
  originals.clear();
  for (const step of ['step-1', 'step-2']) {
    for (const file of FILES) {
      const path = join(folder, step, file);
      await mkdir(dirname(path), { recursive: true });
      if (file.endsWith('.safetensors')) {
        await writeSafetensors(path, [{ name: 'w', shape: [500, 64] }]);
      } else {
        await writeFile(path, `${file} of ${step} `.repeat(40));
      }
      originals.set(`${step}/${file}`, await readFile(path));
    }
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => cli.run(['ckpt', ...args], { cwd: folder });

async function expectRestored(step: string, output: string): Promise<void> {
  for (const file of FILES) {
    const restored = await readFile(join(folder, output, file));
    expect(originals.get(`${step}/${file}`)?.equals(restored)).toBe(true);
  }
  const count = await readdir(join(folder, output), { recursive: true, withFileTypes: true });
  expect(count.filter((entry) => entry.isFile())).toHaveLength(FILES.length);
}

describe('a folder', () => {
  it('is compressed file by file, verified, and restored in every byte', async () => {
    const compressed = await run('compress', 'step-1');
    expect(compressed.code).toBe(0);
    expect(compressed.stdout).toMatch(/^4 files compressed: [\d.]+ KiB original/u);
    expect(compressed.stderr.trim().split('\n')).toHaveLength(4);
    expect(await run('verify', 'step-1.mith')).toMatchObject({ code: 0 });
    expect(await run('decompress', 'step-1.mith', '-o', 'back')).toMatchObject({ code: 0 });
    await expectRestored('step-1', 'back');
  });

  it('takes each same-named file of the base folder as base, plain or compressed', async () => {
    await run('compress', 'step-1', '-o', 'packed-1');
    for (const base of ['step-1', 'packed-1']) {
      const ended = await run(
        'compress',
        'step-2',
        '-o',
        `on-${base}`,
        '-b',
        base,
        '--format',
        'json',
      );
      const report: unknown = JSON.parse(ended.stdout);
      expect(report).toMatchObject({
        command: 'compress',
        files: expect.arrayContaining([
          expect.objectContaining({ file: FILES[0], kind: 'done', bytesIn: expect.any(Number) }),
        ]),
      });
      const { stdout } = await run('info', join(`on-${base}`, `${FILES[0]}.mith`));
      expect(stdout).toMatch(/depth +1/u);
      await run('decompress', `on-${base}`, '-o', `back-${base}`, '-b', base);
      await expectRestored('step-2', `back-${base}`);
    }
  });

  it('goes on where it was stopped, and says what was there already', async () => {
    await run('compress', 'step-1');
    await rm(join(folder, 'step-1.mith', `${FILES[1]}.mith`));
    const again = await run('compress', 'step-1');
    expect(again.stdout).toMatch(/^1 files compressed, 3 there already/u);
    expect(again.stderr).toContain('.metadata: there already, skipped');
    const later = new Date(Date.now() + 60_000);
    await utimes(join(folder, 'step-1', '.metadata'), later, later);
    const stale = await run('compress', 'step-1');
    expect(stale).toMatchObject({ code: 1, stdout: expect.stringContaining('1 FAILED') });
    expect(stale.stderr).toContain('earlier state');
    expect(await run('compress', 'step-1', '--force')).toMatchObject({ code: 0 });
  });

  it('with a damaged file fails with the code of damage and restores the others', async () => {
    await run('compress', 'step-1');
    const path = join(folder, 'step-1.mith', `${FILES[0]}.mith`);
    const bytes = await readFile(path);
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await run('verify', 'step-1.mith')).toMatchObject({ code: 3 });
    const ended = await run('decompress', 'step-1.mith', '-o', 'back');
    expect(ended).toMatchObject({ code: 3, stdout: expect.stringContaining('1 FAILED') });
    expect((await readdir(join(folder, 'back'))).toSorted()).toEqual(
      ['.metadata', 'a', 'model.safetensors.index.json'].toSorted(),
    );
  });
});
