import { expect, it } from 'vitest';
import { systemClock } from './system-clock.ts';

it('counts seconds upwards, and CPU seconds while it works', () => {
  const seconds = systemClock.seconds();
  const cpuSeconds = systemClock.cpuSeconds();
  let sum = 0;
  while (systemClock.seconds() - seconds < 0.05) sum += Math.sqrt(sum + 1);
  expect(sum).toBeGreaterThan(0);
  expect(systemClock.cpuSeconds()).toBeGreaterThan(cpuSeconds);
});

it('tells the time in milliseconds since 1970', () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1_000);
});
