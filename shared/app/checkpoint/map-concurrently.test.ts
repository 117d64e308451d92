import { describe, expect, it } from 'vitest';
import { mapConcurrently } from './map-concurrently.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('mapConcurrently', () => {
  it('keeps the order and never runs more than the limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrently([5, 4, 3, 2, 1], 2, async (item, index) => {
      running += 1;
      most = Math.max(most, running);
      for (let turns = 0; turns < item; turns += 1) await turn();
      running -= 1;
      return item * 10 + index;
    });
    expect(results).toEqual([50, 41, 32, 23, 14]);
    expect(most).toBe(2);
  });

  it('begins nothing after a failure, and awaits what runs before it throws', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const run = mapConcurrently([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      if (item === 0) throw new Error('first');
      await turn();
      await turn();
      ended.push(item);
    });
    await expect(run).rejects.toThrow('first');
    expect([begun, ended]).toEqual([[0, 1], [1]]);
  });

  it('takes no items', async () => {
    expect(await mapConcurrently([], 3, async () => 1)).toEqual([]);
  });
});
