import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';
import { writeSafetensors } from '../testing/sample-files.ts';

const STATE = resolve(import.meta.dirname, '..', '..', '.mithril');
const stepSchema = z.object({
  step: z.int(),
  bytesIn: z.int(),
  bytesOut: z.int(),
  ratio: z.number(),
  stages: z.record(z.string(), z.number()),
  originalSha256: z.string(),
  restoredSha256: z.string(),
  isExact: z.literal(true),
  baseReason: z.string(),
});
const reportSchema = z.object({ host: z.literal('one-machine'), steps: z.array(stepSchema) });

let cli: BuiltCli;
let folder: string;
beforeAll(async () => {
  cli = await buildCli();
  folder = await mkdtemp(join(tmpdir(), 'mithril-demo-'));
  await writeSafetensors(join(folder, 'model.safetensors'), [{ name: 'w', shape: [5_000, 64] }]);
});
afterAll(async () => {
  await cli.remove();
  await rm(folder, { recursive: true, force: true });
});

const leftovers = async (): Promise<readonly string[]> =>
  (await readdir(STATE).catch(() => [])).filter((name) => name.startsWith('demo-'));

/** The local stack has its own end-to-end tests; this is the fallback, which needs nothing. */
describe('the demo on the one-machine host', () => {
  const args = ['local', 'demo', '--host', 'one-machine', '--file', 'model.safetensors'];

  it('compresses, verifies and restores both steps, the second as a delta', async () => {
    const before = await leftovers();
    const ended = await cli.run([...args, '--format', 'json'], { cwd: folder });
    expect(ended).toMatchObject({ code: 0 });
    const { steps } = reportSchema.parse(JSON.parse(ended.stdout));
    const [first, second] = steps;
    expect(steps).toHaveLength(2);
    expect(Object.keys(first?.stages ?? {})).toEqual([
      'upload',
      'start',
      'plan',
      'encode',
      'commit',
      'verify',
      'publish',
    ]);
    expect(first?.restoredSha256).toBe(first?.originalSha256);
    expect(second?.restoredSha256).toBe(second?.originalSha256);
    expect(second?.originalSha256).not.toBe(first?.originalSha256);
    expect(second?.ratio).toBeGreaterThan(20);
    expect(second?.baseReason).toContain('saves');
    expect(ended.stderr).toContain('multiplied by (1 + 0.01 n), n standard normal');
    expect(await leftovers()).toEqual(before);
  });

  it('prints the line of the design for each step, both digests, and what to try next', async () => {
    const { stdout } = await cli.run(args, { cwd: folder });
    expect(stdout.match(/^mithril-checkpoint: Compressed .* → .*$/gmu)).toHaveLength(2);
    expect(stdout.match(/^step \d restored {2}sha256 [0-9a-f]{64} {2}equal/gmu)).toHaveLength(2);
    expect(stdout).toContain('Try next:');
  });

  it('says what is wrong with the file', async () => {
    const missing = await cli.run([...args.slice(0, 4), '--file', 'missing'], { cwd: folder });
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') });
  });
});
