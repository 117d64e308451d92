import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';
import {
  distcpFile,
  ggufFile,
  npyFile,
  npzFile,
  type StoredTensor,
  torchZip,
  weightsOf,
} from '../testing/container-files.ts';

const WEIGHT: StoredTensor = {
  name: 'layer.weight',
  dtype: 'F32',
  shape: [200, 64],
  bytes: weightsOf('F32', 200 * 64, 1),
};
const HALF: StoredTensor = {
  name: 'layer.half',
  dtype: 'BF16',
  shape: [30, 10],
  bytes: weightsOf('BF16', 300, 2),
};
const TURNED: StoredTensor = { ...WEIGHT, name: 'turned', strides: [1, 200] };
const VIEW: StoredTensor = { ...WEIGHT, name: 'view', shape: [100, 64], strides: [128, 1] };

let cli: BuiltCli;
let folder: string;
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-containers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => cli.run(['ckpt', ...args], { cwd: folder });

async function compress(name: string, file: Buffer): Promise<void> {
  await writeFile(join(folder, name), file);
  expect(await run('compress', name, '-o', 'out.mith', '-f')).toMatchObject({ code: 0 });
}

/** Writes one tensor and returns the file's bytes. */
async function restoreTensor(name: string, output: string): Promise<Buffer> {
  const ended = await run('decompress', 'out.mith', '--tensor', name, '-o', output);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return readFile(join(folder, output));
}

/** File, its kind, its tensors as `ls` shows them, and the name of WEIGHT in it. */
const CONTAINERS = [
  [
    'model.pt',
    torchZip([WEIGHT, HALF], 'model'),
    'torch',
    ['layer.weight  F32   [200, 64]', 'layer.half    BF16  [30, 10]'],
    'layer.weight',
  ],
  ['arrays.npz', npzFile([WEIGHT]), 'npz', ['layer.weight  F32  [200, 64]'], 'layer.weight'],
  ['array.npy', npyFile(WEIGHT), 'npy', ['array  F32  [200, 64]'], 'array'],
  [
    'model.gguf',
    ggufFile([WEIGHT, HALF]),
    'gguf',
    ['layer.weight  F32   [200, 64]', 'layer.half    BF16  [30, 10]'],
    'layer.weight',
  ],
] as const;

describe('containers', () => {
  it.each(CONTAINERS)(
    '%s is named, listed, and given back whole and by tensor',
    async (...given) => {
      const [name, file, kind, rows, tensor] = given;
      await compress(name, file);
      const info: unknown = JSON.parse((await run('info', 'out.mith', '--format', 'json')).stdout);
      expect(info).toMatchObject({ bytesIn: file.length, container: { kind } });
      const { stdout } = await run('ls', 'out.mith');
      for (const row of rows) expect(stdout).toContain(row);
      const npy = await restoreTensor(tensor, 'tensor.npy');
      expect(npy.toString('latin1')).toContain("'fortran_order': False, 'shape': (200, 64)");
      expect(npy.subarray(-WEIGHT.bytes.length).equals(WEIGHT.bytes)).toBe(true);
      expect(await run('decompress', 'out.mith', '-o', 'back')).toMatchObject({ code: 0 });
      expect(file.equals(await readFile(join(folder, 'back')))).toBe(true);
    },
  );

  it('without names for their tensors say where the names are', async () => {
    await compress('__0_0.distcp', distcpFile([WEIGHT, HALF]));
    expect((await run('info', 'out.mith')).stdout).toContain(
      'distcp: 2 blobs; .metadata beside it',
    );
    const ended = await run('decompress', 'out.mith', '--tensor', 'layer.weight');
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('Restore the whole') });
  });
});

describe('a tensor whose elements are not in the order of its shape', () => {
  beforeEach(() => compress('model.pt', torchZip([TURNED, VIEW, HALF], 'model')));

  it('is in column order: numpy is told so, and so is who takes the raw bytes', async () => {
    const raw = await run('decompress', 'out.mith', '--tensor', 'turned', '-o', 'turned.bin');
    expect(raw.stdout).toContain('turned: F32 column-major 200 x 64');
    const npy = await restoreTensor('turned', 'turned.npy');
    expect(npy.toString('latin1')).toContain("'fortran_order': True, 'shape': (200, 64)");
    expect(npy.subarray(-WEIGHT.bytes.length).equals(WEIGHT.bytes)).toBe(true);
  });

  it('is a view with gaps: it is refused, with what to do, and nothing is left', async () => {
    const ended = await run('decompress', 'out.mith', '--tensor', 'view', '-o', 'view.npy');
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('"view" is a view into a larger storage of out.mith');
    expect(ended.stderr).toContain('Restore the whole file');
    await expect(readFile(join(folder, 'view.npy'))).rejects.toThrow('ENOENT');
  });

  it('has a type that numpy lacks: raw bytes are offered, and are the tensor', async () => {
    const refused = await run('decompress', 'out.mith', '--tensor', 'layer.half', '-o', 'x.npy');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('-o NAME.bin') });
    expect((await restoreTensor('layer.half', 'half.bin')).equals(HALF.bytes)).toBe(true);
  });
});
