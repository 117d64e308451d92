// What the records say of a metric: last value, trend, verdict.
import { at } from '../../definitions/metrics/shape.mjs';

const ARITHMETIC = { name: null, date: '', machine: 'arithmetic', data: {} };

/**
 * Every value of a metric in the records, oldest first. Quick runs count only where no full run has
 * the value.
 */
export function historyOf(metric, records) {
  if (metric.computed) return [{ value: metric.computed(), record: ARITHMETIC }];
  const found = records.flatMap((record) => {
    if (record.product !== metric.record) return [];
    const value = valueIn(metric, record.data);
    return value === undefined ? [] : [{ value, record }];
  });
  const full = found.filter(({ record }) => !record.isQuick);
  return full.length > 0 ? full : found;
}

/** The value of a metric in the content of one record, or undefined. */
export function valueIn(metric, data) {
  const value = metric.read ? metric.read(data) : at(data, metric.path);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Runs of which the verdicts are compared. */
export const REPEATS = 3;

/**
 * { history, last, repeats, change, verdict, isGoalMet }; `verdict` is { kind, text }, `repeats` the
 * kinds of the last three values, fewer where there are fewer.
 */
export function evaluate(metric, records) {
  const history = historyOf(metric, records);
  const last = history.at(-1);
  return {
    history,
    last,
    repeats: history.slice(-REPEATS).map((value) => verdictOf(metric, value).kind),
    change: changeOf(history),
    verdict: verdictOf(metric, last),
    isGoalMet: last && metric.goal ? holds(metric.goal, last.value) : undefined,
  };
}

/** Relative change to the value before it on the same machine, or undefined. */
function changeOf(history) {
  const last = history.at(-1);
  const before = history
    .slice(0, -1)
    .reverse()
    .find(({ record }) => record.machine === last.record.machine);
  if (before === undefined || before.value === 0) return undefined;
  return { share: last.value / before.value - 1, since: before.record.date.slice(0, 10) };
}

export const holds = ({ min, max }, value) =>
  (min === undefined || value >= min) && (max === undefined || value <= max);

function verdictOf(metric, last) {
  if (last === undefined) return { kind: 'open', text: metric.open ?? '' };
  const limit = metric.client ?? metric.goal;
  if (limit === undefined) return { kind: 'stated', text: '' };
  if (holds(limit, last.value)) return { kind: 'met', text: '' };
  if (metric.elsewhere) return { kind: 'open', text: metric.elsewhere };
  const reason = metric.reason?.(last.value, last.record.data) ?? shortBy(limit, last.value);
  return { kind: 'missed', text: `${reason}${onBusyMachine(metric, last.record)}` };
}

const TIMES = new Set(['s', 'ms', 'us', 'GiB/s', 'docs/s']);

/** A time on a busy machine says little: what to run where nothing else runs. */
function onBusyMachine({ unit, command }, { isBusy, data }) {
  if (!isBusy || !TIMES.has(unit)) return '';
  const load = [data.loadBefore].flat()[0].toFixed(0);
  return `. Other programs ran, too (load ${load} on ${data.machine.cores} cores); on an idle machine: ${command}`;
}

function shortBy({ min, max }, value) {
  const [limit, word] = max !== undefined && value > max ? [max, 'above'] : [min, 'below'];
  return `${Math.abs(100 * (value / limit - 1)).toFixed(0)}% ${word} the limit`;
}
