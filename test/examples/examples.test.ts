// The examples of docs/examples that need nothing but set-up, run as their READMEs say.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXAMPLES, makePlace, type Place, PYTHON } from './run-example.ts';

const CASE_MS = 240_000;
let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

describe('an example', { timeout: CASE_MS }, () => {
  it('keeps the checkpoints of a training loop, and loads the last one bit for bit', async () => {
    const script = join(EXAMPLES, 'checkpoints', 'train_numpy.py');
    const said = await place.run([PYTHON, script, place.work]);
    const ratios = [...said.matchAll(/\((\d+\.\d+)x\)/gu)].map(([, ratio]) => Number(ratio));
    expect(ratios).toHaveLength(3);
    expect(ratios[2]).toBeGreaterThan(ratios[0] ?? 0);
    expect(said).toContain('every tensor is equal, bit for bit');
    expect(readdirSync(place.work).toSorted()).toEqual(
      ['step-50.mith', 'step-100.mith', 'step-150.mith'].toSorted(),
    );
  });

  it('deduplicates a dataset: exactly the copies go', async () => {
    const script = join(EXAMPLES, 'dedup', 'run.sh');
    const said = await place.run(['sh', script, place.work]);
    expect(said).toMatch(/Processed 20\.0K docs in .* found 6\.0K duplicates \(30\.0%\)/u);
    expect(said).toMatch(/"similarity":0\.\d+/u);
    expect(said).toMatch(/^removed: 5995 documents, exactly the copies$/mu);
    expect(said).toMatch(/^0\.\d+ {2}"doc-0"/mu);
  });
});
