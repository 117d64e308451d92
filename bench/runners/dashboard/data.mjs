// What the dashboard shows: charts over the records, verdicts, published figures of others.
import { PRODUCTS } from '../../definitions/metrics/metrics.mjs';
import { PUBLISHED as CHECKPOINT_PUBLISHED } from '../checkpoint/published.mjs';
import { PUBLISHED as DEDUP_PUBLISHED } from '../dedup/published.mjs';
import { evaluate } from '../metrics/evaluate.mjs';
import { changeText, limitText, show } from '../metrics/format.mjs';

const COMMIT_LENGTH = 9;

export function dashboardData(records) {
  const products = PRODUCTS.map(({ name, title, metrics }) => {
    const rows = metrics.map((metric) => ({ metric, found: evaluate(metric, records) }));
    return { name, title, charts: chartsOf(rows), verdicts: rows.map(verdictRow) };
  });
  return { products, published: [...CHECKPOINT_PUBLISHED, ...DEDUP_PUBLISHED] };
}

function verdictRow({ metric, found }) {
  return {
    title: metric.title,
    rank: metric.rank,
    target: limitText(metric.client, metric.unit),
    goal: limitText(metric.goal, metric.unit),
    value: show(found.last?.value, metric.unit),
    trend: found.last?.record.name ? changeText(found.change) : '',
    verdict: found.verdict.kind,
    why: found.verdict.kind === 'open' ? metric.command : found.verdict.text,
  };
}

function chartsOf(rows) {
  const groups = new Map();
  for (const row of rows) {
    const { chart } = row.metric;
    if (chart === undefined || row.found.history.length === 0) continue;
    groups.set(chart.id, [...(groups.get(chart.id) ?? []), row]);
  }
  return [...groups.values()].map(chartOf);
}

function chartOf(rows) {
  const [{ metric }] = rows;
  const histories = rows.flatMap(({ metric: one, found }) => byMachine(one, found.history));
  const points = pointsOf(histories);
  const at = new Map(points.map((point, index) => [point.record, index]));
  const series = histories.map(({ name, history }) => {
    const values = Array.from({ length: points.length }, () => null);
    for (const { value, record } of history) values[at.get(record.name)] = value;
    return { name, values };
  });
  return {
    id: metric.chart.id,
    title: metric.chart.title,
    kind: metric.chart.kind,
    unit: metric.unit,
    better: metric.better,
    points,
    series,
    lines: [...limitLines(rows), ...peerLines(rows)],
  };
}

/** A series a machine: figures of two machines are not one line. */
function byMachine(metric, history) {
  const machines = [...new Set(history.map(({ record }) => record.machine))];
  return machines.map((machine) => ({
    name: machines.length > 1 ? `${metric.chart.series} (${machine})` : metric.chart.series,
    history: history.filter(({ record }) => record.machine === machine),
  }));
}

function pointsOf(histories) {
  const found = new Map();
  for (const { record } of histories.flatMap(({ history }) => history)) {
    const { name, date, commit, machine, isBusy } = record;
    const about = { record: name, date, commit: commit?.slice(0, COMMIT_LENGTH), machine, isBusy };
    found.set(name, about);
  }
  return [...found.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** The client's limit and ours, once each. */
function limitLines(rows) {
  const lines = rows.flatMap(({ metric }) => [
    { role: 'target', name: "client's target", limit: metric.client },
    { role: 'goal', name: `our goal, ${metric.chart.series}`, limit: metric.goal },
  ]);
  const seen = new Set();
  return lines.flatMap(({ role, name, limit }) => {
    const value = limit?.min ?? limit?.max;
    const key = `${role} ${value}`;
    if (value === undefined || seen.has(key)) return [];
    seen.add(key);
    return [{ role, name, value }];
  });
}

function peerLines(rows) {
  return rows.flatMap(({ metric, found }) => {
    const withPeers = found.history.findLast(({ record }) => peersIn(metric, record).length > 0);
    return withPeers ? peersIn(metric, withPeers.record) : [];
  });
}

const peersIn = (metric, record) =>
  (metric.peers?.(record.data) ?? [])
    .filter(({ value }) => Number.isFinite(value))
    .map(({ name, value }) => ({ role: 'peer', name, value }));
