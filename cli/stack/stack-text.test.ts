import { describe, expect, it } from 'vitest';
import { type CheckpointCost, describeCosts, totalOf } from './cost-text.ts';
import { describeStatus, type StatusFacts } from './status-text.ts';

const GIB = 1024 ** 3;
const COST: CheckpointCost = {
  uri: 's3://b/checkpoints/step-1/m.bin',
  versionId: 'v',
  bytes: 8 * GIB,
  bytesOut: 2 * GIB,
  isRetired: false,
  segments: 128,
  batches: 8,
  hasBase: false,
  seconds: 400,
  basis: 'measured',
  computeUsd: 0.009,
  requestsUsd: 0.001,
  workflowUsd: 0.002,
  usd: 0.012,
  savesUsdPerMonth: 0.138,
};

describe('mithril stack cost', () => {
  it('shows each checkpoint, the total, what is saved already, and that it is an estimate', () => {
    const retired = { ...COST, isRetired: true, basis: 'modelled' as const };
    expect(describeCosts([COST, retired])).toBe(
      [
        '    $0.01  8.0 GiB → 2.0 GiB (4.00x), 400.0 worker seconds  s3://b/checkpoints/step-1/m.bin',
        '    $0.01  8.0 GiB → 2.0 GiB (4.00x), 400.0 worker seconds (modelled)  s3://b/checkpoints/step-1/m.bin',
        '2 checkpoints: 16.0 GiB → 4.0 GiB, spent $0.02; saves $0.28 a month once the originals are gone ($0.14 already), pays after 3 days',
        'Estimate: list prices of us-east-1, 2026-11; formulas in docs/operations.md.',
      ].join('\n'),
    );
  });

  it('shows the first twenty, counts the rest, and promises nothing where nothing shrank', () => {
    const many = Array.from({ length: 23 }, () => ({ ...COST, savesUsdPerMonth: 0 }));
    const lines = describeCosts(many).split('\n');
    expect(lines).toHaveLength(23);
    expect(lines[20]).toContain('and 3 cheaper ones');
    expect(lines[21]).toContain('saves nothing');
    expect(totalOf(many)).toMatchObject({ checkpoints: 23, savedUsdPerMonth: 0 });
  });
});

describe('mithril stack status', () => {
  const machine = { name: 'checkpoint', running: ['a-1'], failed: [] };
  const queue = { kind: 'dead letters' as const, waiting: 0, inFlight: 0 };
  const facts: StatusFacts = {
    stack: {
      name: 'Team',
      status: 'UPDATE_COMPLETE',
      changedMs: Date.UTC(2026, 10, 26, 2, 30),
      parameters: { Enabled: 'on', Workers: '0' },
      outputs: { Region: 'eu-west-1', Version: '0.1.0' },
    },
    functions: 21,
    machines: [machine],
    queues: [queue],
  };

  it('says what runs, and that nothing is the matter', () => {
    const text = describeStatus(facts);
    expect(text).toMatch(/^Team in eu-west-1: UPDATE_COMPLETE, changed 2026-11-26 02:30 UTC\n/u);
    expect(text).toMatch(/workers +as configured/u);
    expect(text).toMatch(/checkpoint +1 running, none failed in 24 hours/u);
    expect(text).toMatch(/next +mithril doctor/u);
  });

  it('names the section of the runbook for what failed, dead letters first', () => {
    const failed = { ...machine, failed: ['a-1', 'b-1', 'c-1', 'd-1'] };
    const broken = describeStatus({ ...facts, machines: [failed] });
    expect(broken).toContain('4 failed in 24 hours: a-1, b-1, c-1, ...');
    expect(broken).toContain('"Failed executions"');
    const dedup = describeStatus({ ...facts, machines: [{ ...failed, name: 'dedup' }] });
    expect(dedup).toContain('"Failed dedup jobs"');
    const letters = describeStatus({
      ...facts,
      machines: [failed],
      queues: [{ ...queue, waiting: 2 }],
    });
    expect(letters).toContain('"Dead letters"');
  });
});
