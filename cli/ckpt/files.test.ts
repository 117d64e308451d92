import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHANGE_SEED, changeWeights } from '../demo/change-weights.ts';
import { createRandom } from '../demo/random.ts';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';
import { writeSafetensors } from '../testing/sample-files.ts';

const TENSORS = [
  { name: 'embeddings.weight', shape: [2_000, 64] },
  { name: 'layer.0.bias', shape: [64] },
];

let cli: BuiltCli;
let folder: string;
let original: Buffer;
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-cli-'));
  original = await writeSafetensors(join(folder, 'model.safetensors'), TENSORS);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => cli.run(['ckpt', ...args], { cwd: folder });
const files = async (): Promise<readonly string[]> => (await readdir(folder)).toSorted();
const json = (text: string): unknown => JSON.parse(text);

async function writeNextStep(): Promise<Buffer> {
  const bytes = Buffer.from(original);
  const body = bytes.subarray(bytes.length - (2_000 * 64 + 64) * 4);
  changeWeights(body, 'F32', createRandom(CHANGE_SEED));
  await writeFile(join(folder, 'step2.safetensors'), bytes);
  return bytes;
}

describe('compress and decompress', () => {
  it('give the same bytes back, and print the line of the design', async () => {
    const compressed = await run('compress', 'model.safetensors');
    expect(compressed).toMatchObject({ code: 0, stderr: '' });
    expect(compressed.stdout).toMatch(
      /^mithril-checkpoint: Compressed [\d.]+ KiB → [\d.]+ KiB \(1\.\d\dx\) in [\d.]+s \([\d.]+ [KMG]iB\/s\)\n$/u,
    );
    const restored = await run('decompress', 'model.safetensors.mith', '-o', 'copy');
    expect(restored).toMatchObject({ code: 0 });
    expect(original.equals(await readFile(join(folder, 'copy')))).toBe(true);
    expect(await files()).toEqual(['copy', 'model.safetensors', 'model.safetensors.mith']);
  });

  it('write one JSON document to stdout with the agreed fields', async () => {
    const { stdout, stderr } = await run('compress', 'model.safetensors', '--format', 'json');
    const report = z
      .object({
        bytesIn: z.literal(original.length),
        bytesOut: z.int(),
        ratio: z.number(),
        seconds: z.number().positive(),
        codecSeconds: z.number().min(0),
        gibPerSecond: z.number().positive(),
        output: z.literal('model.safetensors.mith'),
        checksums: z.object({ crc32: z.string(), crc64nvme: z.string() }),
        stats: z.object({ standaloneBytes: z.number() }),
      })
      .parse(json(stdout));
    expect(report.ratio).toBeCloseTo(report.bytesIn / report.bytesOut, 10);
    expect(report.gibPerSecond).toBeCloseTo(report.bytesIn / 1024 ** 3 / report.seconds, 10);
    expect(report.codecSeconds).toBeLessThanOrEqual(report.seconds * 64);
    expect((await stat(join(folder, 'model.safetensors.mith'))).size).toBe(report.bytesOut);
    expect(stderr).toMatch(/^mithril-checkpoint: Compressed/u);
  });

  it('store a delta against a plain base or a compressed one, and need it to restore', async () => {
    const next = await writeNextStep();
    await run('compress', 'model.safetensors');
    for (const base of ['model.safetensors', 'model.safetensors.mith']) {
      const made = await run('compress', 'step2.safetensors', '-b', base, '-f', '--format', 'json');
      const { ratio } = z.object({ ratio: z.number() }).parse(json(made.stdout));
      expect(ratio).toBeGreaterThan(20);
      await mkdir(join(folder, 'elsewhere'), { recursive: true });
      await copyFile(
        join(folder, 'step2.safetensors.mith'),
        join(folder, 'elsewhere', 'alone.mith'),
      );
      const alone = await run('decompress', 'elsewhere/alone.mith');
      expect(alone).toMatchObject({ stdout: '', stderr: expect.stringContaining('base') });
      expect([1, 3]).toContain(alone.code);
      expect(await readdir(join(folder, 'elsewhere'))).toEqual(['alone.mith']);
      const both = ['step2.safetensors.mith', '-b', base, '-o', 'step2.copy', '-f'];
      expect(await run('decompress', ...both)).toMatchObject({ code: 0 });
      expect(next.equals(await readFile(join(folder, 'step2.copy')))).toBe(true);
    }
  });

  it('refuse a wrong base and leave nothing', async () => {
    await writeNextStep();
    await run('compress', 'step2.safetensors', '--base', 'model.safetensors');
    await writeSafetensors(join(folder, 'other.safetensors'), TENSORS, 8);
    const wrong = ['step2.safetensors.mith', '--base', 'other.safetensors', '-o', 'out'];
    const { code, stderr } = await run('decompress', ...wrong);
    expect([1, 3]).toContain(code);
    expect(stderr).toContain('step2.safetensors.mith');
    expect(await files()).not.toContain('out');
  });

  it('handle an empty file and one byte', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([7])]) {
      await writeFile(join(folder, 'tiny'), bytes);
      expect(await run('compress', 'tiny', '-f')).toMatchObject({ code: 0 });
      expect(await run('decompress', 'tiny.mith', '-o', 'tiny.copy', '-f')).toMatchObject({
        code: 0,
      });
      expect(bytes.equals(await readFile(join(folder, 'tiny.copy')))).toBe(true);
    }
  });
});

describe('verify, info, ls and one tensor', () => {
  it('tell what is in the file', async () => {
    await run('compress', 'model.safetensors');
    const name = 'model.safetensors.mith';
    expect((await run('verify', name)).stdout).toMatch(/^mithril-checkpoint: Verified /u);
    expect(json((await run('info', name, '--format', 'json')).stdout)).toMatchObject({
      bytesIn: original.length,
      container: { kind: 'safetensors' },
      base: null,
      depth: 0,
    });
    expect((await run('ls', name)).stdout).toContain('embeddings.weight  F32  [2000, 64]');
  });

  it('write a tensor that numpy reads, and suggest a near name for a mistyped one', async () => {
    await run('compress', 'model.safetensors');
    const name = 'model.safetensors.mith';
    const done = await run('decompress', name, '--tensor', 'layer.0.bias', '-o', 'bias.npy');
    expect(done).toMatchObject({ code: 0 });
    const npy = await readFile(join(folder, 'bias.npy'));
    expect(npy.subarray(1, 6).toString('latin1')).toBe('NUMPY');
    expect((npy.length - 64 * 4) % 64).toBe(0);
    expect(npy.toString('latin1')).toContain(
      "'descr': '<f4', 'fortran_order': False, 'shape': (64,)",
    );
    expect(npy.subarray(-256).equals(original.subarray(-256))).toBe(true);
    const wrong = await run('decompress', name, '--tensor', 'layer.0.bas', '-o', 'x.npy');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('layer.0.bias') });
  });
});

describe('bad input', () => {
  it('is named with its path, its reason and what to do', async () => {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'text.mith'), 'not a checkpoint, only some text '.repeat(40));
    const cases = [
      [['compress', 'missing'], 1, 'does not exist: missing'],
      [['info', 'sub'], 1, 'is a folder: sub'],
      [['compress', 'sub', '-b', 'text.mith'], 2, 'the base is no folder'],
      [['compress', '/dev/null'], 1, 'not a regular file'],
      [['compress', 'model.safetensors', '-b', 'missing'], 1, 'the base does not exist'],
      [['compress', 'model.safetensors', '-o', 'sub'], 1, 'the output is a folder'],
      [['compress', 'model.safetensors', '-o', 'no/such/x'], 1, 'mkdir -p'],
      [['decompress', 'model.safetensors'], 2, 'Name the output with -o'],
      [['info', 'text.mith'], 3, 'text.mith'],
      [['verify', 'text.mith'], 3, 'text.mith'],
    ] as const;
    for (const [args, code, text] of cases) {
      const ended = await run(...args);
      expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code, stdout: '' });
      expect(ended.stderr).toContain(text);
    }
  });

  it('damaged in any place ends with code 3 and leaves nothing', async () => {
    await run('compress', 'model.safetensors', '-o', 'good');
    const good = await readFile(join(folder, 'good'));
    const damaged = [
      good.subarray(0, good.length - 1),
      good.subarray(0, Math.floor(good.length / 2)),
      flip(good, Math.floor(good.length / 3)),
      flip(good, good.length - 100),
    ];
    for (const bytes of damaged) {
      await writeFile(join(folder, 'bad.mith'), bytes);
      expect(await run('verify', 'bad.mith')).toMatchObject({ code: 3 });
      expect(await run('decompress', 'bad.mith')).toMatchObject({ code: 3 });
    }
    expect(await files()).toEqual(['bad.mith', 'good', 'model.safetensors']);
  });

  it('never replaces an existing output without --force', async () => {
    await writeFile(join(folder, 'out'), 'precious');
    const refused = await run('compress', 'model.safetensors', '-o', 'out');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(await readFile(join(folder, 'out'), 'utf8')).toBe('precious');
    expect(await run('compress', 'model.safetensors', '-o', 'out', '--force')).toMatchObject({
      code: 0,
    });
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(isRoot)(
    'in a folder without write permission is refused (root may write)',
    async () => {
      await mkdir(join(folder, 'fixed'), { mode: 0o555 });
      const ended = await run('compress', 'model.safetensors', '-o', 'fixed/out');
      expect(ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('cannot be written'),
      });
    },
  );
});

const BIG_BYTES = 96 * 1024 * 1024;

describe('Ctrl-C', () => {
  it('in the middle leaves nothing behind and ends with code 130', async () => {
    await writeFile(join(folder, 'big.safetensors'), randomBytes(BIG_BYTES));
    const args = ['ckpt', 'compress', 'big.safetensors', '--level', 'max', '-T', '1'];
    const { child, ended } = cli.start(args, { cwd: folder });
    while (!(await files()).some((name) => name.endsWith('.tmp'))) {
      if (child.exitCode !== null) break;
      await sleep(2);
    }
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: '' });
    expect(await files()).toEqual(['big.safetensors', 'model.safetensors']);
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
  return copy;
}
