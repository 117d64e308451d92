import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type * as binding from '../../../native/minhash-napi/index.js';
import type { DedupJobOptions } from '../../ports/dedup.ts';
import { openDedupRuns } from './dedup-runs.ts';
import type { NativeDedup } from './native-dedup.ts';

// Holds index.d.ts of the binding to what this side expects of it: a check of types, at build time.
const held = (native: typeof binding): NativeDedup => native;

const WORDS = 'one two three four five six seven eight nine ten eleven twelve';

describe('dedup runs of this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mithril-dedup-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const input = join(folder, 'in.jsonl');
  const lines = [WORDS, 'something else entirely', `${WORDS}!`].map((text) =>
    JSON.stringify({ text }),
  );
  writeFileSync(input, lines.join('\n'));
  const job: DedupJobOptions = {
    references: [],
    inputs: [{ path: input, name: 'in.jsonl' }],
    outputs: [join(folder, 'out.jsonl')],
    isForced: true,
    settings: {
      textKey: 'text',
      threshold: '0.8',
      unit: 'word',
      n: 5,
      permutations: 128,
      seed: 0,
    },
    keep: 'first',
    mode: 'drop',
    badShareMax: 0,
    scratch: join(folder, 'scratch'),
    threads: 1,
    memory: 1 << 28,
  };

  it('write what is kept and count what is not', async () => {
    expect(held).toBeTypeOf('function');
    const summary = await openDedupRuns().run(job, {});
    expect(summary).toMatchObject({
      total: { rows: 3, kept: 2, dropped: 1, rejected: 0 },
      duplicates: 1,
      groups: 1,
    });
    expect(readFileSync(join(folder, 'out.jsonl'), 'utf8')).toBe(`${lines[0]}\n${lines[1]}\n`);
  });

  it('end with the code of the error, or Cancelled after the signal', async () => {
    const settings = { ...job.settings, threshold: '1.5' };
    await expect(openDedupRuns().run({ ...job, settings }, {})).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    const signal = AbortSignal.abort();
    await expect(openDedupRuns().run(job, { signal })).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('estimate without writing an output', async () => {
    const outputs = [join(folder, 'never.jsonl')];
    const estimate = await openDedupRuns().estimate({ ...job, outputs }, {});
    expect(estimate).toMatchObject({ rows: 3, sampleRows: 3, scratchBytes: 0 });
    expect(estimate.duplicateShareLow).toBeCloseTo(1 / 3);
    expect(() => readFileSync(outputs[0] ?? '')).toThrow('ENOENT');
  });

  it('explain the bands that suit a threshold', () => {
    const curve = openDedupRuns().explainBands(job.settings);
    expect(curve).toMatchObject({ bands: 20, rows: 6, permutations: 128 });
    expect(curve.probabilities).toHaveLength(20);
    expect(curve.atThreshold).toBeCloseTo(0.998, 3);
  });
});
