export interface Clock {
  /** Milliseconds since 1970 UTC. */
  nowMs(): number;
  /** Monotonic seconds, for durations. */
  seconds(): number;
  /** CPU seconds of this process so far, user and system. */
  cpuSeconds(): number;
}

/** Time left to a worker; a laptop has no limit and returns Infinity. */
export type RemainingMs = () => number;
