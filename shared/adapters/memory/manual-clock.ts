import type { Clock } from '../../ports/clock.ts';

/** A clock that stands until it is moved. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  seconds(): number {
    return this.#nowMs / 1_000;
  }

  cpuSeconds(): number {
    return 0;
  }
}
