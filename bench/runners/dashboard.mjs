#!/usr/bin/env node
// `npm run dashboard`: the history of every metric as one HTML file that works offline.
import path from 'node:path';
import { ROOT, writeWhole } from '../../scripts/system/cache.mjs';
import { asProgram } from '../../scripts/system/program.mjs';
import { dashboardData } from './dashboard/data.mjs';
import { dashboardPage } from './dashboard/page.mjs';
import { loadRecords, RECORDS } from './metrics/records.mjs';
import { readOptions } from './shared/options.mjs';

const HELP = `npm run dashboard                                 writes dist/dashboard/index.html
npm run dashboard -- --records DIR --out FILE     from other records, to another file`;
const OPTIONS = {
  records: { type: 'string', default: RECORDS },
  out: { type: 'string', default: path.join(ROOT, 'dist', 'dashboard', 'index.html') },
  help: { type: 'boolean', default: false },
};

await asProgram(async () => {
  const { values: options } = readOptions(OPTIONS, { advice: HELP });
  if (options.help) {
    console.log(HELP);
    return;
  }
  const records = loadRecords(path.resolve(options.records));
  const out = path.resolve(options.out);
  writeWhole(out, dashboardPage(dashboardData(records)));
  console.log(
    `${records.length} records shown in ${path.relative(process.cwd(), out)}: open it in a browser`,
  );
});
