import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ensureMiniStack, SetupError } from '../../scripts/setup/ministack.mjs';
import { createSafetensors } from './fixtures/safetensors.ts';

/** What `npm start` runs after its set-up, on a small file: the products as a newcomer sees them. */
const command = fileURLToPath(new URL('../../dist/cli/mithril.js', import.meta.url));

const reportSchema = z.object({
  host: z.literal('aws-local'),
  steps: z.array(z.object({ ratio: z.number(), isExact: z.literal(true), baseReason: z.string() })),
  dedup: z.object({
    rows: z.int(),
    duplicates: z.int(),
    jobSha256: z.string(),
    ownSha256: z.string(),
  }),
  cache: z.object({ first: z.string(), second: z.string(), isExact: z.boolean() }),
});
const CASE_MS = 300_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  verb: 'demo' | 'status',
  args: readonly string[],
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [command, 'local', verb, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

async function findObstacle(): Promise<string> {
  if (!existsSync(command)) return ' (skipped: run `npm run build:cli` first)';
  try {
    await ensureMiniStack();
    return '';
  } catch (error) {
    if (error instanceof SetupError) return ` (skipped: ${error.message})`;
    throw error;
  }
}

const obstacle = await findObstacle();
describe.skipIf(obstacle !== '')(`the demo on the local stack${obstacle}`, () => {
  let folder = '';
  let file = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mithril-demo-'));
    file = join(folder, 'model.safetensors');
    writeFileSync(file, createSafetensors([{ name: 'w', dtype: 'F32', values: 500_000 }], 7));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shows all three products by the deployed functions', { timeout: CASE_MS }, async () => {
    const { ended } = start('demo', [
      '--host',
      'aws-local',
      '--file',
      file,
      '--format',
      'json',
      '--quiet',
    ]);
    const { code, stdout, stderr } = await ended;
    if (code !== 0) throw new Error(`the demo ended with ${code}: ${stderr}`);
    const { steps, dedup, cache } = reportSchema.parse(JSON.parse(stdout));
    expect(steps).toHaveLength(2);
    expect(steps[0]?.ratio).toBeGreaterThan(1.15);
    expect(steps[1]?.ratio).toBeGreaterThan(20);
    expect(dedup.duplicates).toBeGreaterThan(100);
    expect(dedup.jobSha256).toBe(dedup.ownSha256);
    expect(cache).toEqual({ first: 'miss', second: 'hit', isExact: true });
  });

  it('ends with 130 on Ctrl-C in the middle, and leaves no stack running', {
    timeout: CASE_MS,
  }, async () => {
    const { child, ended } = start('demo', ['--host', 'aws-local', '--file', file]);
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (text) => String(text).includes('upload') && resolve());
      child.stderr?.on('data', (text) => String(text).includes('upload') && resolve());
      child.on('close', () => resolve());
    });
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    const { stdout, stderr } = await start('status', []).ended;
    expect(stdout + stderr).not.toContain('runs at');
  });
});
