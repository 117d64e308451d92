import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lambdaEnvironment, probe, ROOT, removeFolder, unpackLayers } from './lambda-opt.ts';

const execute = promisify(execFile);
const LAYERS = ['native', 'dedup', 'zstd'].map((name) => path.join(ROOT, 'layers', name, 'dist'));
const HOST = `${process.platform}-${process.arch}`;

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

describe('the Lambda layers (made by scripts/setup.mjs layers)', () => {
  let opt: string;
  beforeAll(async () => {
    opt = await unpackLayers(LAYERS);
  });
  afterAll(() => removeFolder(opt));

  it('keep their modules where the Node runtimes of Lambda look', async () => {
    const files = await filesUnder(opt);
    const modules = 'nodejs/node_modules';
    expect(files.filter((file) => !file.startsWith(`${modules}/`))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        `${modules}/mithril-native/index.cjs`,
        `${modules}/mithril-native/mithril-native.${HOST}.node`,
        `${modules}/mithril-dedup/index.cjs`,
        `${modules}/mithril-dedup/mithril-dedup.${HOST}.node`,
        `${modules}/zstd-napi/binding.js`,
        `${modules}/zstd-napi/binding.${HOST}.node`,
        `${modules}/zstd-napi/dist/index.js`,
      ]),
    );
  });

  it('carry fixed times and modes, so that the same inputs make the same zip', async () => {
    for (const layer of LAYERS) {
      for (const file of await filesUnder(layer)) {
        const { mode, mtimeMs } = await stat(path.join(layer, file));
        expect({ file, mode: mode & 0o777, mtimeMs }).toEqual({
          file,
          mode: 0o644,
          mtimeMs: Date.UTC(1980, 0, 1),
        });
      }
    }
  });

  it('load in this Node and give every input back', async () => {
    const result = await probe([process.execPath], opt);
    expect(result.arch).toBe(process.arch);
    expect(Object.keys(result.zstd).length).toBeGreaterThan(5);
    expect(Object.keys(result.codec)).toEqual(Object.keys(result.zstd));
    expect(Object.keys(result.golden).length).toBeGreaterThan(10);
    expect(Object.keys(result.dedup)).toEqual(['word', 'char']);
  });

  it('are not found by an ES module import, which is why createRequire loads them', async () => {
    const load = (code: string) =>
      execute(process.execPath, ['--input-type=module', '-e', code], {
        cwd: opt,
        env: lambdaEnvironment(opt),
      });
    await expect(load("import 'mithril-native';")).rejects.toThrow('ERR_MODULE_NOT_FOUND');
    await load(
      "import { createRequire } from 'node:module';" +
        "createRequire('/var/task/index.mjs')('mithril-native');",
    );
  });
});
