import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startCheckpoint } from '../../shared/app/checkpoint/start-checkpoint.ts';
import { createSession } from '../create-session.ts';
import { CHANGE_SEED, changeWeights } from '../demo/change-weights.ts';
import { createRandom } from '../demo/random.ts';
import { withHost } from '../hosts/open-host.ts';
import type { Interruption } from '../interruption.ts';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';
import { torchZip, weightsOf } from '../testing/container-files.ts';
import { writeSafetensors } from '../testing/sample-files.ts';

const BUCKET = 'models';
const STEP_1 = 'checkpoints/run/step-1/model.safetensors';
const STEP_2 = 'checkpoints/run/step-2/model.safetensors';
const HEADER_END = 8 + 256;
const interruption: Interruption = {
  signal: new AbortController().signal,
  exitCode: null,
  onExit: () => () => undefined,
};

let cli: BuiltCli;
let folder: string;
let first: Buffer;
let second: Buffer;
const run = (...args: string[]) =>
  cli.run(['ckpt', ...args], {
    cwd: folder,
    env: { MITHRIL_CONFIG: join(folder, 'mithril.toml') },
  });
const json = (text: string): unknown => JSON.parse(text);

beforeAll(async () => {
  cli = await buildCli();
  folder = await mkdtemp(join(tmpdir(), 'mithril-store-'));
  await writeSettings();
  const tensors = [
    { name: 'wte.weight', shape: [3_000, 64] },
    { name: 'head.bias', shape: [64] },
  ];
  first = await writeSafetensors(join(folder, 'step1'), tensors);
  second = Buffer.from(first);
  changeWeights(second.subarray(HEADER_END & ~3), 'byte', createRandom(CHANGE_SEED));
  await compressBoth();
});
afterAll(async () => {
  await cli.remove();
  await rm(folder, { recursive: true, force: true });
});

async function writeSettings(): Promise<void> {
  const text = `host = "one-machine"\nfolder = "data"\n[checkpoints]\nsource_bucket = "${BUCKET}"\nsource_prefixes = ["checkpoints/"]\n`;
  await writeFile(join(folder, 'mithril.toml'), text);
}

const quietSession = () => createSession({ quiet: true }, interruption);
const settings = () => ({ config: join(folder, 'mithril.toml') });

/** Step 1 is announced as by an event; step 2 is missed, for reconcile to find. */
async function compressBoth(): Promise<void> {
  await withHost(quietSession(), settings(), async ({ context }) => {
    await context.objects.write({ bucket: BUCKET, key: STEP_1 }, first, { ifAbsent: true });
    await startCheckpoint(context, { bucket: BUCKET, key: STEP_1, versionId: null });
    await context.objects.write({ bucket: BUCKET, key: STEP_2 }, second, { ifAbsent: true });
  });
}

describe('s3:// commands on the one-machine host', () => {
  it('show what was missed, start it, and then have nothing to do', async () => {
    const dry = await run('reconcile', '--dry-run', '--format', 'json');
    expect(json(dry.stdout)).toMatchObject({
      missed: [{ uri: `s3://${BUCKET}/${STEP_2}`, why: 'never started' }],
    });
    const started = await run('reconcile', '--format', 'json');
    expect(json(started.stdout)).toMatchObject({ listed: 2, started: 1, verified: 1 });
    const again = await run('reconcile', '--format', 'json');
    expect(json(again.stdout)).toMatchObject({ listed: 2, started: 0, verified: 2 });
  });

  it('tell the state of one and of all below a prefix', async () => {
    const one = await run('status', `s3://${BUCKET}/${STEP_2}`, '--format', 'json');
    expect(json(one.stdout)).toMatchObject({
      state: 'VERIFIED',
      attempt: 1,
      bytes: second.length,
      verified: { depth: 1, base: { object: { key: STEP_1 } } },
    });
    const text = (await run('status', `s3://${BUCKET}/${STEP_2}`)).stdout;
    expect(text).toContain(`mithril ckpt restore 's3://${BUCKET}/${STEP_2}' -o FILE`);
    const all = await run('status', `s3://${BUCKET}/checkpoints/`);
    expect(all.stdout.split('\n').filter((line) => line.startsWith('VERIFIED'))).toHaveLength(2);
    expect(all.stdout).toContain('2 of 2 verified');
  });

  it('restore both bit for bit, and never over an existing file', async () => {
    for (const [key, bytes] of [
      [STEP_1, first],
      [STEP_2, second],
    ] as const) {
      const args = ['restore', `s3://${BUCKET}/${key}`, '-o', 'restored'] as const;
      expect(await run(...args)).toMatchObject({ code: 0 });
      expect(bytes.equals(await readFile(join(folder, 'restored')))).toBe(true);
      expect(await run(...args)).toMatchObject({ code: 1 });
      await rm(join(folder, 'restored'));
    }
  });

  it('restore one tensor, and suggest a near name for a mistyped one', async () => {
    const uri = `s3://${BUCKET}/${STEP_2}`;
    const done = await run(
      'restore',
      uri,
      '--tensor',
      'head.bias',
      '-o',
      'b.bin',
      '--format',
      'json',
    );
    expect(json(done.stdout)).toMatchObject({ dtype: 'F32', shape: [64], bytes: 256 });
    expect(second.subarray(-256).equals(await readFile(join(folder, 'b.bin')))).toBe(true);
    const wrong = await run('restore', uri, '--tensor', 'head.bais', '-o', 'c.bin');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('head.bias') });
    expect(await readdir(folder)).not.toContain('c.bin');
  });

  it('refuse a view into a larger storage, with what to do', async () => {
    const bytes = weightsOf('F32', 200 * 64, 1);
    const view = {
      name: 'view',
      dtype: 'F32',
      shape: [100, 64],
      strides: [128, 1],
      bytes,
    } as const;
    const key = 'checkpoints/views/step-1/model.pt';
    await withHost(quietSession(), settings(), async ({ context }) => {
      await context.objects.write({ bucket: BUCKET, key }, torchZip([view], 'model'), {
        ifAbsent: true,
      });
      await startCheckpoint(context, { bucket: BUCKET, key, versionId: null });
    });
    const args = [`s3://${BUCKET}/${key}`, '--tensor', 'view', '-o', 'view.bin'];
    const ended = await run('restore', ...args);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('view into a larger storage');
    expect(ended.stderr).toContain('Restore the whole file');
    expect(await readdir(folder)).not.toContain('view.bin');
  });

  it('say what is wrong with an unknown object, a prefix, or a missing target', async () => {
    const unknown = await run('restore', `s3://${BUCKET}/no/such`, '-o', 'x');
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no object'),
    });
    expect(await run('status', `s3://${BUCKET}/no/such/`)).toMatchObject({ code: 1 });
    expect(await run('restore', `s3://${BUCKET}/${STEP_1}`)).toMatchObject({ code: 2 });
    expect(await run('restore', `s3://${BUCKET}`, '-o', 'x')).toMatchObject({ code: 2 });
    const inside = await run('restore', `s3://${BUCKET}/${STEP_1}`, '--to', `s3://${BUCKET}/x`);
    expect(inside).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('restore state machine'),
    });
  });

  it('plan from samples, and write nothing', async () => {
    const before = await readdir(folder, { recursive: true });
    const args = ['plan', `s3://${BUCKET}/${STEP_2}`, '-b', 'step1', '--format', 'json'] as const;
    const report = z
      .object({ usesDelta: z.literal(true), delta: z.object({ ratio: z.number() }) })
      .parse(json((await run(...args)).stdout));
    expect(report.delta.ratio).toBeGreaterThan(5);
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  it('notice a damaged segment: code 3, and no output', async () => {
    const segments = (await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.parentPath.includes('mseg'))
      .map((entry) => join(entry.parentPath, entry.name));
    expect(segments.length).toBeGreaterThan(0);
    for (const path of segments) {
      const bytes = await readFile(path);
      if (bytes.length < 1_000) continue;
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
      await writeFile(path, bytes);
    }
    const ended = await run('restore', `s3://${BUCKET}/${STEP_2}`, '-o', 'damaged');
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(await readdir(folder)).not.toContain('damaged');
  });
});
