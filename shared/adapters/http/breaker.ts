const PAUSE_MS_MIN = 2_000;
const PAUSE_MS_MAX = 60_000;

/** After a failure nothing is tried for a while, and longer after each further one. */
export class Breaker {
  #pauseMs = 0;
  #againMs = 0;

  isOpen(nowMs: number): boolean {
    return nowMs < this.#againMs;
  }

  succeeded(): void {
    this.#pauseMs = 0;
    this.#againMs = 0;
  }

  failed(nowMs: number): void {
    this.#pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, this.#pauseMs * 2));
    this.#againMs = nowMs + this.#pauseMs;
  }
}
