// Values of metrics for a person.

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A value in the unit of its metric: 'x', 'GiB/s', 'ms', 's', 'share', 'bytes', 'docs/s', 'count' ... */
export function show(value, unit) {
  if (value === undefined || value === null) return '-';
  if (unit === 'share') return `${round(value * 100)}%`;
  if (unit === 'bytes') return bytes(value);
  if (unit === 'count') return grouped(value);
  if (unit === 'number') return String(round(value, 4));
  if (unit === 'x') return `${round(value, 4)}x`;
  return `${Math.abs(value) >= 10_000 ? grouped(value) : round(value)} ${unit}`;
}

const grouped = (value) => Math.round(value).toLocaleString('en-US');

function round(value, digits = 3) {
  if (Math.abs(value) >= 10 ** digits) return Math.round(value);
  return Number(value.toPrecision(digits));
}

function bytes(value) {
  const at = Math.min(SIZES.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${round(value / 2 ** (10 * at))} ${SIZES[at]}`;
}

export const limitText = (limit, unit) => {
  if (limit === undefined) return '-';
  if (limit.text) return limit.text;
  const parts = [];
  if (limit.min !== undefined) parts.push(`at least ${show(limit.min, unit)}`);
  if (limit.max !== undefined) parts.push(`at most ${show(limit.max, unit)}`);
  return parts.join(', ');
};

export const changeText = (change) => {
  if (change === undefined) return 'first';
  const percent = 100 * change.share;
  const sign = percent >= 0 ? '+' : '';
  const text = Math.abs(percent) < 0.05 ? 'same' : `${sign}${percent.toFixed(1)}%`;
  return `${text} since ${change.since}`;
};
