#!/usr/bin/env node
// `npm run bench:gate`: is this tree slower, larger or hungrier than the recorded runs? Decides by what
// repeats: instructions counted by valgrind, stored bytes, peak memory. Times are ratios of paired
// rounds, and fail only beyond the spread of their window. docs/benchmarks.md has the rules.
import fs from 'node:fs';
import path from 'node:path';
import { setUp } from '../../scripts/setup.mjs';
import { SetupError } from '../../scripts/system/process.mjs';
import { asProgram } from '../../scripts/system/program.mjs';
import { judge } from './gate/judge.mjs';
import { programs, repeatable, restless } from './gate/measure.mjs';
import { prove } from './gate/proof.mjs';
import { loadRecords, RECORDS } from './metrics/records.mjs';
import { readOptions } from './shared/options.mjs';
import { temporaryFolder } from './shared/programs.mjs';
import { finishRecord, startRecord } from './shared/record.mjs';
import { printTable } from './shared/table.mjs';

const HELP = `npm run bench:gate                        every figure; exit code 1 when one is worse
npm run bench:gate -- --quick             instructions and bytes only (what .ci/run does)
npm run bench:gate -- --record            and keep this run in the window
npm run bench:gate -- --record --accept 'why it may be slower'    the window starts anew here
npm run bench:gate -- --prove             20 runs of this tree, 20 of one with a kernel made 15% slower
npm run bench:gate -- --judge RUN.json    judge a record, measure nothing`;
const OPTIONS = {
  quick: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  accept: { type: 'string' },
  prove: { type: 'boolean', default: false },
  judge: { type: 'string' },
  records: { type: 'string', default: RECORDS },
  help: { type: 'boolean', default: false },
};

await asProgram(async () => {
  const { values: options } = readOptions(OPTIONS, { advice: HELP });
  if (options.help) {
    console.log(HELP);
    return;
  }
  const records = loadRecords(path.resolve(options.records)).filter(
    ({ product }) => product === 'gate',
  );
  if (options.judge !== undefined) report(readRun(options.judge), records);
  else if (process.platform === 'linux') await measure(options, records);
  else console.log('The gate counts by valgrind, on Linux only: nothing was compared.');
});

async function measure(options, records) {
  const { cargoEnv } = await setUp([options.quick || options.prove ? 'cli' : 'test']);
  const context = { ...(await programs(cargoEnv)), cargoEnv, work: temporaryFolder() };
  if (options.prove) {
    await prove(context, records);
    return;
  }
  const run = startRecord('gate', options);
  run.figures = await repeatable(context);
  if (!options.quick) Object.assign(run.figures, restless(context));
  report(run, records);
  if (options.record) keep(run, options.accept);
}

function readRun(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function keep(run, accepts) {
  if (accepts !== undefined) run.accepts = accepts;
  else if (process.exitCode === 1) {
    throw new SetupError('A run that is worse is not kept', {
      advice: "If it may be worse: npm run bench:gate -- --record --accept 'why'",
    });
  }
  process.exitCode = 0;
  finishRecord(run);
}

function report(run, records) {
  const rows = judge(run, records);
  printTable('Regression gate', [
    ['figure', 'now', 'window', 'runs', 'now/window', 'limit', 'verdict'],
    ...rows.map(({ name, value, base, runs, ratio, limit, verdict }) => [
      name,
      digits(value),
      digits(base),
      runs,
      ratio?.toFixed(4),
      Number.isFinite(limit) && limit > 0 ? limit.toFixed(3) : 'reported',
      verdict,
    ]),
  ]);
  const failed = rows.filter(({ verdict }) => verdict === 'fail');
  const fresh = rows.filter(({ verdict }) => verdict === 'new').length;
  console.log(
    `${rows.length - failed.length - fresh} passed, ${failed.length} worse, ${fresh} new`,
  );
  if (fresh === rows.length) {
    console.log(
      'No recorded run can be compared with this machine: npm run bench:gate -- --record',
    );
  }
  if (failed.length > 0) process.exitCode = 1;
}

function digits(value) {
  if (value === undefined) return undefined;
  return value >= 1000 ? Math.round(value) : value.toFixed(3);
}
