// METRICS.md: the client's table.
import { PRODUCTS } from '../../definitions/metrics/metrics.mjs';
import { evaluate, REPEATS } from './evaluate.mjs';
import { changeText, limitText, show } from './format.mjs';

const HEAD = `# Metrics

Written by \`npm run metrics\` from the records in [bench/records](bench/records); no value stands in
the program. How each is measured: [docs/benchmarks.md](docs/benchmarks.md). A value is the last one of a
full run; the trend compares with the run before it on the same machine. "Busy" means that other
programs used the machine: times of such a run are lower bounds. **Met** and **missed** are against the
client's target, where there is one, else against our goal. An **open** row names what fills it.
`;

/** { text, counts }: counts of verdicts over all products. */
export function metricsPage(records) {
  const counts = { met: 0, missed: 0, open: 0, stated: 0 };
  const sections = PRODUCTS.map(({ title, metrics }) => {
    const rows = metrics.map((metric) => ({ metric, found: evaluate(metric, records) }));
    for (const { found } of rows) counts[found.verdict.kind]++;
    return section(title, rows);
  });
  const totals = `${counts.met} met, ${counts.missed} missed, ${counts.open} open, ${counts.stated} stated without a limit.`;
  return { text: [HEAD, totals, '', ...sections].join('\n'), counts, totals };
}

function section(title, rows) {
  const tables = ['primary', 'secondary'].map((rank) =>
    table(
      rank,
      rows.filter(({ metric }) => metric.rank === rank),
    ),
  );
  return [`## ${title}`, '', ...tables, notes(rows)].join('\n');
}

function table(rank, rows) {
  const lines = rows.map(({ metric, found }) => {
    const { last } = found;
    const cells = [
      metric.title,
      limitText(metric.client, metric.unit),
      `${limitText(metric.goal, metric.unit)}${goalMark(found)}`,
      show(last?.value, metric.unit),
      last ? source(last.record) : '-',
      last?.record.name ? changeText(found.change) : '-',
      `**${found.verdict.kind}**`,
    ];
    return `| ${cells.map(escape).join(' | ')} |`;
  });
  return [
    `### ${rank === 'primary' ? 'Primary' : 'Secondary'}`,
    '',
    "| metric | client's target | our goal | last value | measured | trend | verdict |",
    '|---|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

const goalMark = ({ isGoalMet, verdict }) => {
  if (isGoalMet === undefined || verdict.kind === 'open') return '';
  return isGoalMet ? ' (reached)' : ' (not reached)';
};

function source({ name, date, machine, isBusy, isQuick }) {
  if (name === null) return machine;
  const marks = [isBusy && 'busy', isQuick && 'quick'].filter(Boolean).join(', ');
  return `${date.slice(0, 10)}, ${machine}${marks ? ` (${marks})` : ''}, [record](bench/records/${name})`;
}

/** What is missed and why; what is open and which command fills it. */
function notes(rows) {
  const of = (kind) => rows.filter(({ found }) => found.verdict.kind === kind);
  const missed = of('missed').map(
    ({ metric, found }) =>
      `- ${metric.title}: ${show(found.last.value, metric.unit)}. ${sentence(found.verdict.text)}`,
  );
  return [
    ...list('Missed, and why', missed),
    ...list('Met, but short of our own goal', of('met').flatMap(shortOfGoal)),
    ...list('Open, and what fills it', openByCommand(of('open'))),
    ...list('Three runs, one verdict', repeated(rows)),
  ].join('\n');
}

const list = (title, lines) => (lines.length > 0 ? [`### ${title}`, '', ...lines, ''] : []);

const shortOfGoal = ({ metric, found }) => {
  if (found.isGoalMet !== false) return [];
  const { value, record } = found.last;
  const peers = (metric.peers?.(record.data) ?? []).filter((peer) => peer.value !== undefined);
  const beside = peers.map((peer) => `; ${peer.name}: ${show(peer.value, metric.unit)}`).join('');
  const goal = limitText(metric.goal, metric.unit);
  return [`- ${metric.title}: ${show(value, metric.unit)}, the goal is ${goal}${beside}`];
};

function openByCommand(rows) {
  const groups = new Map();
  for (const { metric, found } of rows) {
    const key = `\`${metric.command}\`${found.verdict.text ? ` (${found.verdict.text})` : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), metric.title]);
  }
  return [...groups].map(([how, titles]) => `- ${how}: ${titles.join('; ')}`);
}

/** Which verdicts the last three runs agree on, of the metrics that have as many. */
function repeated(rows) {
  const judged = rows.filter(({ found }) => found.repeats.length === REPEATS);
  if (judged.length === 0) return [];
  const changing = judged.filter(({ found }) => new Set(found.repeats).size > 1);
  return [
    `- ${judged.length} of ${rows.length} metrics have values of three runs or more; ` +
      `${judged.length - changing.length} of them had the same verdict in the last three.`,
    ...changing.map(({ metric, found }) => `- ${metric.title}: ${found.repeats.join(', then ')}.`),
  ];
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const escape = (cell) => cell.replaceAll('|', '\\|');
