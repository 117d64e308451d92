// The table of figures in README.md: a few metrics of each product, out of the records.
import { PRODUCTS } from '../../definitions/metrics/metrics.mjs';
import { evaluate, valueIn } from './evaluate.mjs';
import { limitText, show } from './format.mjs';

const BEGIN = '<!-- figures: written by `npm run metrics` -->';
const END = '<!-- end of figures -->';

/** Ids of metrics and what they are called in few words; one without a record is left out. */
const SHOWN = [
  ['checkpoint-ratio-fp32', 'Ratio of fp32 weights, by themselves'],
  ['checkpoint-ratio-bf16', 'Ratio of bf16 weights, by themselves'],
  ['checkpoint-delta-fp32', 'Ratio of fp32 against the step before, 1% of the weights changed'],
  ['checkpoint-compress-fp32', 'Compress fp32, one thread'],
  ['checkpoint-decompress-fp32', 'Decompress fp32, one thread'],
  ['dedup-rate-agnews_test', 'AG News, JSON lines in to out, compared exactly, one core'],
  ['dedup-rate-tweeteval', 'TweetEval, the same'],
  ['dedup-precision-near-100k', 'Precision on 100,000 documents with 30% near copies'],
  ['dedup-recall-near-100k', 'Recall on the same'],
  ['dedup-query', 'Query of an index of a million documents, p99'],
  ['cache-hit-rate', 'Hit rate of a trace of 229 compiles on four machines'],
  ['cache-cross-machine', 'Hit rate on another machine'],
  ['cache-cold-start', 'Cold start of a compiled model on a hit, importing torch included'],
  ['cache-local-lookup', 'Local lookup, p99'],
];

/** The README with its table as the records have it now. */
export function withFigures(readme, records) {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`README.md has no ${BEGIN} ... ${END}`);
  return `${readme.slice(0, from)}${BEGIN}\n\n${tableOf(records)}\n\n${readme.slice(to)}`;
}

const METRICS = new Map(
  PRODUCTS.flatMap(({ metrics }) => metrics.map((metric) => [metric.id, metric])),
);

/** Rows of the README whose value is not the one of the record that they name. */
export function wrongFigures(readme, records) {
  const table = readme.slice(readme.indexOf(BEGIN), readme.indexOf(END));
  return [...table.matchAll(ROW)].flatMap(([row, title, shown, name]) => {
    const metric = METRICS.get(SHOWN.find(([, words]) => words === title)?.[0]);
    const data = records.find((record) => record.name === name)?.data;
    if (metric === undefined || data === undefined) return [row];
    return show(valueIn(metric, data), metric.unit) === shown ? [] : [row];
  });
}

const ROW =
  /^\| (?<title>[^|]+) \| \*\*(?<shown>[^|]+)\*\* \|.*bench\/records\/(?<name>[\w.-]+)\).*$/gmu;

function tableOf(records) {
  const rows = SHOWN.flatMap(([id, title]) => {
    const metric = METRICS.get(id);
    if (metric === undefined) throw new Error(`there is no metric ${id}`);
    const { last, verdict } = evaluate(metric, records);
    if (last === undefined) return [];
    const { name, date, machine, isBusy } = last.record;
    const cells = [
      title,
      `**${show(last.value, metric.unit)}**`,
      limitText(metric.client, metric.unit),
      verdict.kind,
      `[${date.slice(0, 10)}](bench/records/${name}), ${machine}${isBusy ? ', busy' : ''}`,
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  return ['| | value | target | | measured |', '|---|---|---|---|---|', ...rows].join('\n');
}
