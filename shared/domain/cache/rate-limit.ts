/** A bucket of tokens; bursts of twice the rate. */
export interface Allowance {
  readonly left: number;
  readonly atMs: number;
}

const BURST_SECONDS = 2;

/** One request at `nowMs`; null `retryAfterSeconds` where it may go on. */
export function spend(
  before: Allowance | null,
  rate: number,
  nowMs: number,
): { readonly after: Allowance; readonly retryAfterSeconds: number | null } {
  const full = rate * BURST_SECONDS;
  const gained = before === null ? full : (Math.max(0, nowMs - before.atMs) / 1_000) * rate;
  const left = Math.min(full, (before?.left ?? 0) + gained);
  if (left >= 1) return { after: { left: left - 1, atMs: nowMs }, retryAfterSeconds: null };
  const retryAfterSeconds = Math.max(1, Math.ceil((1 - left) / rate));
  return { after: { left, atMs: nowMs }, retryAfterSeconds };
}
