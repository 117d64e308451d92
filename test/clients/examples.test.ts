// The examples of docs/examples that need torch or ccache.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findClientPrograms } from '../../scripts/setup/clients/programs.mjs';
import { findFreePort } from '../../shared/adapters/local-stack/free-port.ts';
import { EXAMPLES, makePlace, type Place, PYTHON_ML, pathWith } from '../examples/run-example.ts';

const CASE_MS = 300_000;
const { ccache = null } = findClientPrograms();
const hasTorch = existsSync(PYTHON_ML);
const withoutTorch = hasTorch ? '' : ' (skipped: npm run setup -- python-ml)';
const withoutCcache = ccache === null ? ' (skipped: npm run setup -- client-programs)' : '';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

describe('an example', { timeout: CASE_MS }, () => {
  it.skipIf(!hasTorch)(`keeps the checkpoints of torch${withoutTorch}`, async () => {
    const script = join(EXAMPLES, 'checkpoints', 'train_torch.py');
    const said = await place.run([PYTHON_ML, '-W', 'ignore', script, place.work]);
    expect(said.match(/^step-\d+\.mith: .*x\)$/gmu)).toHaveLength(3);
    expect(said).toContain('every tensor is equal');
  });

  it.skipIf(!hasTorch)(`shares what torch compiles${withoutTorch}`, async () => {
    const script = join(EXAMPLES, 'torch-compile', 'run.sh');
    const env = { PYTHON: PYTHON_ML, PORT: String(await findFreePort()) };
    const said = await place.run(['sh', script, place.work], env);
    const [, ci = '', developer = ''] = said.split(/^(?:ci|developer):$/mu);
    expect(ci).toMatch(/: 0 hits, 1 misses/u);
    expect(developer).toMatch(/: 1 hits, 0 misses, 0 inert/u);
    expect(said.match(/mithril-cache: Cache hit! Loaded in/gu)).toHaveLength(1);
  });

  it.skipIf(ccache === null)(`builds a C project by ccache${withoutCcache}`, async () => {
    const script = join(EXAMPLES, 'ccache', 'run.sh');
    const env = { PATH: pathWith(ccache ?? ''), PORT: String(await findFreePort()) };
    const said = await place.run(['sh', script, place.work], env);
    const [, ci = '', developer = ''] = said.split(/^(?:CI|Developer):$/mu);
    expect(ci).toContain('cache_miss\t2');
    expect(developer).toContain('cache_miss\t0');
    expect(developer).toContain('remote_storage_hit\t2');
    expect(developer).toContain('sum: 36');
  });
});
