// The last value of every metric in the JSON that github-action-benchmark and its like read. Such a
// tool takes one direction a file, so there are two: FILE.bigger.json and FILE.smaller.json.

import { writeWhole } from '../../../scripts/system/cache.mjs';
import { PRODUCTS } from '../../definitions/metrics/metrics.mjs';
import { evaluate } from './evaluate.mjs';
import { limitText } from './format.mjs';

const FILES = { higher: 'bigger', lower: 'smaller' };

/** Writes both files beside `file`; returns their names. */
export function exportMetrics(records, file) {
  const stem = file.replace(/\.json$/, '');
  return Object.entries(FILES).map(([better, word]) => {
    const name = `${stem}.${word}.json`;
    writeWhole(name, `${JSON.stringify(entries(records, better), null, 2)}\n`);
    return name;
  });
}

/** [{ name, unit, value, extra }] of the metrics for which more, or less, is better. */
export function entries(records, better) {
  return PRODUCTS.flatMap(({ metrics }) => metrics)
    .filter((metric) => metric.better === better && !metric.computed)
    .flatMap((metric) => {
      const { last, verdict } = evaluate(metric, records);
      if (last === undefined) return [];
      const { name, date, machine, commit } = last.record;
      const about = [metric.title, `verdict: ${verdict.kind}`, name, date, machine, commit];
      if (metric.client) about.splice(1, 0, `target: ${limitText(metric.client, metric.unit)}`);
      const extra = about.filter(Boolean).join('\n');
      return [{ name: metric.id, unit: metric.unit, value: last.value, extra }];
    });
}
