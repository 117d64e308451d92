import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS_BASE = 50;
const PAUSE_MS_MAX = 2_000;

/** Waits before try `attempt` (from 1): full jitter under a doubling bound. */
export type Pause = (attempt: number) => Promise<void>;

export const pauseWithJitter: Pause = async (attempt) => {
  const boundMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_BASE * 2 ** (attempt - 1));
  await sleep(Math.random() * boundMs);
};
