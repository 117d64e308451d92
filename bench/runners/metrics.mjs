#!/usr/bin/env node
// `npm run metrics`: every metric of the three products with its target, its last measured value,
// its trend and its verdict; printed, and written to METRICS.md. A few go into README.md.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, writeWhole } from '../../scripts/system/cache.mjs';
import { asProgram } from '../../scripts/system/program.mjs';
import { exportMetrics } from './metrics/export.mjs';
import { metricsPage } from './metrics/markdown.mjs';
import { withFigures } from './metrics/readme.mjs';
import { loadRecords, RECORDS } from './metrics/records.mjs';
import { readOptions } from './shared/options.mjs';

const PAGE = path.join(ROOT, 'METRICS.md');
const README = path.join(ROOT, 'README.md');
const HELP = `npm run metrics                                  print the table, write METRICS.md and the figures of README.md
npm run metrics -- --export build/metrics.json   and write metrics.bigger.json, metrics.smaller.json
npm run metrics -- --records DIR --out FILE      from other records, to another file

The JSON is what github-action-benchmark reads (customBiggerIsBetter, customSmallerIsBetter).`;
const OPTIONS = {
  export: { type: 'string' },
  records: { type: 'string', default: RECORDS },
  out: { type: 'string', default: PAGE },
  help: { type: 'boolean', default: false },
};

await asProgram(async () => {
  const { values: options } = readOptions(OPTIONS, { advice: HELP });
  if (options.help) {
    console.log(HELP);
    return;
  }
  const records = loadRecords(path.resolve(options.records));
  const { text, totals } = metricsPage(records);
  writeWhole(path.resolve(options.out), text);
  if (path.resolve(options.out) === PAGE)
    writeWhole(README, withFigures(readFileSync(README, 'utf8'), records));
  console.log(text);
  process.stderr.write(`${totals} Written to ${path.relative(process.cwd(), options.out)}\n`);
  if (options.export !== undefined) {
    const files = exportMetrics(records, path.resolve(options.export));
    process.stderr.write(`Exported to ${files.join(' and ')}\n`);
  }
});
