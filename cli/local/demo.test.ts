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
const reportSchema = z.object({
  host: z.literal('one-machine'),
  steps: z.array(stepSchema),
  dedup: z
    .object({ rows: z.int(), duplicates: z.int(), jobSha256: z.null(), isExact: z.boolean() })
    .nullable(),
  cache: z.object({ first: z.string(), second: z.string(), isExact: z.boolean() }).nullable(),
});
/** A C++ compiler and a server are started besides. */
const CASE_MS = 240_000;

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

/** Work folders of this process; other demos may run beside it. */
const leftoversOf = async (pid: number | undefined): Promise<readonly string[]> =>
  (await readdir(STATE).catch(() => [])).filter((name) => name.startsWith(`demo-${pid}-`));

/** The local stack has its own end-to-end tests; this is the fallback, which needs nothing. */
describe('the demo on the one-machine host', () => {
  const args = ['local', 'demo', '--host', 'one-machine', '--file', 'model.safetensors'];

  it('shows all three products, each answer compared', { timeout: CASE_MS }, async () => {
    const started = cli.start([...args, '--format', 'json'], { cwd: folder });
    const ended = await started.ended;
    expect(ended).toMatchObject({ code: 0 });
    const { steps, dedup, cache } = reportSchema.parse(JSON.parse(ended.stdout));
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
    expect(dedup).toMatchObject({ isExact: true });
    expect(dedup?.duplicates).toBeGreaterThan(100);
    expect(cache).toMatchObject({ first: 'miss', second: 'hit', isExact: true });
    expect(await leftoversOf(started.child.pid)).toEqual([]);
  });

  it('prints the line of each product, digests, and what to try next', {
    timeout: CASE_MS,
  }, async () => {
    const { stdout } = await cli.run(args, { cwd: folder });
    expect(stdout).toMatch(
      /^mithril-dedup: Processed .* docs in .*, found .* duplicates \(.*%\)$/mu,
    );
    expect(stdout).toMatch(
      /^mithril-cache: Cache hit! Loaded in .*s \(saved ~.*s compilation time\)$/mu,
    );
    expect(stdout.match(/^mithril-checkpoint: Compressed .* → .*$/gmu)).toHaveLength(2);
    expect(stdout.match(/^step \d restored {2}sha256 [0-9a-f]{64} {2}equal/gmu)).toHaveLength(2);
    expect(stdout).toContain('Try next:');
  });

  it('shows only what is asked for', { timeout: CASE_MS }, async () => {
    const only = ['local', 'demo', '--host', 'one-machine', '--only', 'dedup', '--format', 'json'];
    const { code, stdout } = await cli.run(only, { cwd: folder });
    expect(code).toBe(0);
    expect(reportSchema.parse(JSON.parse(stdout))).toMatchObject({ steps: [], cache: null });
    const wrong = await cli.run([...only.slice(0, 4), '--only', 'everything'], { cwd: folder });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('checkpoint') });
  });

  it('says what is wrong with the file', async () => {
    const missing = await cli.run([...args.slice(0, 4), '--file', 'missing'], { cwd: folder });
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') });
  });
});
