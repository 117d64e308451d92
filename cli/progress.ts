import { formatBytes, formatCount, formatRate } from './text/quantity.ts';

const REDRAW_MS = 100;
/** Without a terminal: nothing for short work, then a line now and then. */
const PLAIN_INTERVAL_MS = 5_000;
const BAR_CELLS = 20;
const WIDTH_DEFAULT = 80;

export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How amounts are written. */
export interface ProgressUnit {
  amount(value: number): string;
  rate(value: number, seconds: number): string;
}

export const BYTES: ProgressUnit = { amount: formatBytes, rate: formatRate };

export const COUNT: ProgressUnit = {
  amount: formatCount,
  rate: (value, seconds) => `${formatCount(Math.round(seconds > 0 ? value / seconds : 0))}/s`,
};

export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

/** What is being done, and what it is counted in. */
export interface LabelledWork {
  readonly label: string;
  readonly unit: ProgressUnit;
}

/** One line that is redrawn in place, and gone at the end. */
export function startBar(work: LabelledWork, stream: TerminalStream, hasColor: boolean): Progress {
  const startedMs = performance.now();
  let drawnMs = 0;
  return {
    update: (done, total) => {
      const nowMs = performance.now();
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const text = describe(work, { done, total, seconds: (nowMs - startedMs) / 1000 });
      const cells = total > 0 ? Math.round((BAR_CELLS * done) / total) : 0;
      const bar = `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`;
      const columns = stream.columns ?? 0;
      const room = (columns > 0 ? columns : WIDTH_DEFAULT) - BAR_CELLS - 2;
      stream.write(
        `\r${hasColor ? `\u001B[36m${bar}\u001B[0m` : bar} ${text.slice(0, Math.max(0, room))}\u001B[K`,
      );
    },
    end: () => void (drawnMs > 0 && stream.write('\r\u001B[K')),
  };
}

export function startPlainProgress(work: LabelledWork, stream: TerminalStream): Progress {
  const startedMs = performance.now();
  let writtenMs = startedMs;
  return {
    update: (done, total) => {
      const nowMs = performance.now();
      if (nowMs - writtenMs < PLAIN_INTERVAL_MS) return;
      writtenMs = nowMs;
      stream.write(`${describe(work, { done, total, seconds: (nowMs - startedMs) / 1000 })}\n`);
    },
    end: () => undefined,
  };
}

function describe(
  { label, unit }: LabelledWork,
  at: { done: number; total: number; seconds: number },
): string {
  const percent = at.total > 0 ? Math.floor((100 * at.done) / at.total) : 0;
  const left = at.done > 0 ? (at.seconds * (at.total - at.done)) / at.done : 0;
  const amount = `${unit.amount(at.done)} of ${unit.amount(at.total)}`;
  return `${label} ${percent}% ${amount} ${unit.rate(at.done, at.seconds)} ${Math.ceil(left)}s left`;
}
