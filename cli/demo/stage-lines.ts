import type { Session } from '../session.ts';
import { formatSeconds } from '../text/quantity.ts';

const NAME_WIDTH = 9;
const TICK_MS = 200;

export interface StageTime {
  readonly name: string;
  readonly seconds: number;
}

/**
 * One line a stage: on a terminal it is redrawn while the stage runs, elsewhere it is written when
 * the stage ends. Keeps the times.
 */
export class StageLines {
  readonly times: StageTime[] = [];
  readonly #session: Session;
  #name = '';
  #text = '';
  #startedMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.begin(name);
    try {
      const result = await work();
      this.end();
      return result;
    } catch (error) {
      this.#stopDrawing();
      throw error;
    }
  }

  begin(name: string): void {
    this.#name = name;
    this.#text = '';
    this.#startedMs = performance.now();
    if (this.#session.terminal.hasBar) this.#timer = setInterval(() => this.#draw(), TICK_MS);
  }

  update(text: string): void {
    this.#text = text;
  }

  end(): void {
    this.#stopDrawing();
    const seconds = this.#seconds();
    this.times.push({ name: this.#name, seconds });
    const time = formatSeconds(seconds).padStart(6);
    this.#session.terminal.note(
      `  ✓ ${this.#name.padEnd(NAME_WIDTH)} ${time}  ${this.#text}`.trimEnd(),
    );
  }

  /** Drops the line of a stage that did not end. */
  abandon(): void {
    this.#stopDrawing();
  }

  #draw(): void {
    const time = formatSeconds(this.#seconds()).padStart(6);
    process.stderr.write(`\r\u001B[K  … ${this.#name.padEnd(NAME_WIDTH)} ${time}  ${this.#text}`);
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  #stopDrawing(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    process.stderr.write('\r\u001B[K');
  }
}
