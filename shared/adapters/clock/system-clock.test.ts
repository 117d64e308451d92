import { expect, it } from 'vitest';
import { systemClock } from './system-clock.ts';

const TURNS_MAX = 10_000_000;

it('counts seconds upwards, and CPU seconds while it works', () => {
  const seconds = systemClock.seconds();
  const cpuSeconds = systemClock.cpuSeconds();
  // However long it takes to get a processor; a clock that stands still fails.
  const hasMoved = (): boolean => systemClock.cpuSeconds() > cpuSeconds;
  for (let turn = 0; turn < TURNS_MAX && !hasMoved(); turn += 1) Math.sqrt(turn);
  expect(hasMoved()).toBe(true);
  expect(systemClock.seconds()).toBeGreaterThan(seconds);
});

it('tells the time in milliseconds since 1970', () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1_000);
});
