/** Quantities for people, in the style of DESIGN section 5: `329 GiB`, `8.4 GiB`, `39.2x`, `142s`. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const STEP = 1024;
const COUNT_UNITS = ['', 'K', 'M', 'B'] as const;

/** Whole numbers from 100 on, one decimal below: three digits at most tell sizes apart. */
function round(value: number): string {
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  if (unit > 0 && Math.round(value) >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : round(value)} ${UNITS[unit]}`;
}

/** Two decimals below 10, where they matter most: 1.21x against 1.17x. */
function roundFine(value: number): string {
  return value < 9.995 ? value.toFixed(2) : round(value);
}

export function formatRatio(bytesIn: number, bytesOut: number): string {
  return `${roundFine(ratioOf(bytesIn, bytesOut))}x`;
}

export function ratioOf(bytesIn: number, bytesOut: number): number {
  return bytesOut === 0 ? 1 : bytesIn / bytesOut;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 0.095) return `${seconds.toFixed(2)}s`;
  return `${round(seconds)}s`;
}

export function formatRate(bytes: number, seconds: number): string {
  const rate = seconds > 0 ? bytes / seconds : 0;
  const gib = rate / STEP ** 3;
  return gib >= 1 ? `${roundFine(gib)} GiB/s` : `${formatBytes(Math.round(rate))}/s`;
}

export function gibPerSecond(bytes: number, seconds: number): number {
  return seconds > 0 ? bytes / STEP ** 3 / seconds : 0;
}

/** `1.4M`, `98.6K`, `412K`, `15.2B`: counts of documents, at three digits. */
export function formatShort(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < COUNT_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? String(count) : `${round(value)}${COUNT_UNITS[unit]}`;
}

export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}
