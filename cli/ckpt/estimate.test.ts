import { expect, it } from 'vitest';
import { estimate } from './estimate.ts';

const TIB = 1024 ** 4;
const sample = (standaloneBytes: number, deltaBytes = standaloneBytes) => ({
  rawBytes: 1_000_000,
  standaloneBytes,
  deltaBytes,
});

it('one TiB of fp32 weights costs what the model of DESIGN says, and pays after days', () => {
  const result = estimate({ bytes: TIB, samples: [sample(714_286)], hasBase: false, gainMin: 0.1 });
  expect(result.standalone.ratio).toBeCloseTo(1.4, 3);
  expect(result.compressUsd).toBeGreaterThan(1.1);
  expect(result.compressUsd).toBeLessThan(1.8);
  expect(result.savedUsdPerMonth).toBeCloseTo(7.2, 0);
  expect(result.payBackDays).toBeLessThan(14);
});

it('a delta is used only where it is at least 10% smaller', () => {
  const use = (delta: number): boolean =>
    estimate({ bytes: 1e9, samples: [sample(800_000, delta)], hasBase: true, gainMin: 0.1 })
      .usesDelta;
  expect([use(20_000), use(719_000), use(721_000), use(900_000)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('what does not shrink never pays', () => {
  const result = estimate({
    bytes: 1e9,
    samples: [sample(1_000_100)],
    hasBase: false,
    gainMin: 0.1,
  });
  expect(result.payBackDays).toBeNull();
  expect(estimate({ bytes: 0, samples: [], hasBase: false, gainMin: 0.1 }).payBackDays).toBeNull();
});
