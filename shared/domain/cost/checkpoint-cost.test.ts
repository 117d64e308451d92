import { describe, expect, it } from 'vitest';
import { billedSeconds, costOfCheckpoint, modelledSeconds } from './checkpoint-cost.ts';
import { storageUsdPerMonth } from './prices.ts';

const TIB = 1024 ** 4;

describe('the cost of a checkpoint', () => {
  it('of one TiB is what the formulas of docs/operations.md give', () => {
    const cost = costOfCheckpoint({
      segments: 16_384,
      batches: 1_024,
      seconds: 16_384 * 3.3,
      hasBase: false,
    });
    expect(cost.computeUsd).toBeCloseTo(16_384 * 3.3 * (1_769 / 1_024) * 0.0000133334, 9);
    expect(cost.requestsUsd).toBeCloseTo(16_384 * 11.2e-6 + 2_052 * 0.2e-6, 9);
    expect(cost.workflowUsd).toBeCloseTo((10 + 1_024 * 6) * 25e-6, 9);
    expect(cost.usd).toBeCloseTo(cost.computeUsd + cost.requestsUsd + cost.workflowUsd, 12);
    expect(storageUsdPerMonth(TIB)).toBeCloseTo(23.552, 6);
  });

  it('of a delta has a read more for each segment', () => {
    const work = { segments: 10, batches: 1, seconds: 0 };
    const delta = costOfCheckpoint({ ...work, hasBase: true }).usd;
    expect(delta - costOfCheckpoint({ ...work, hasBase: false }).usd).toBeCloseTo(4e-6, 12);
  });

  it('counts the seconds of segments that share a worker once', () => {
    const [encode, verify] = [{ seconds: 40 }, { seconds: 5 }];
    expect(billedSeconds({ segments: 16, batches: 1 }, encode, verify)).toBe(25);
    expect(billedSeconds({ segments: 1, batches: 1 }, encode, verify)).toBe(45);
    expect(billedSeconds({ segments: 0, batches: 1 }, encode, verify)).toBe(45);
  });

  it('is modelled by CPU or network, whichever is slower, where nothing was measured', () => {
    const cpu = { encodeCpuSeconds: 3, verifyCpuSeconds: 1 };
    expect(modelledSeconds({ ...cpu, bytesMoved: 75e6 })).toBe(4);
    expect(modelledSeconds({ ...cpu, bytesMoved: 750e6 })).toBe(10);
  });
});
