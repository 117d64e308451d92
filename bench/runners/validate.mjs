#!/usr/bin/env node
// `npm run validate -- --data DIR`: the benchmarks on a person's own checkpoints and texts, as a report
// that can be shared.
import fs from 'node:fs';
import path from 'node:path';
import { setUp } from '../../scripts/setup.mjs';
import { writeWhole } from '../../scripts/system/cache.mjs';
import { SetupError } from '../../scripts/system/process.mjs';
import { asProgram } from '../../scripts/system/program.mjs';
import { readOptions } from './shared/options.mjs';
import { buildExample, temporaryFolder } from './shared/programs.mjs';
import { startRecord } from './shared/record.mjs';
import { ROUNDS } from './shared/workers.mjs';
import { validationReport } from './validate/report.mjs';

const HELP = `npm run validate -- --data DIR                      checkpoints and .jsonl texts in DIR
npm run validate -- --data DIR --text-key content   the text is in another field
npm run validate -- --data DIR --names              file names in the report (else they are numbered)
npm run validate -- --data DIR --quick --out FILE.md

Reads DIR, writes one report; nothing leaves this machine.`;
const QUICK_ROUNDS = 3;
const OPTIONS = {
  data: { type: 'string' },
  'text-key': { type: 'string', default: 'text' },
  names: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  out: { type: 'string', default: 'mithril-validation.md' },
  help: { type: 'boolean', default: false },
};

await asProgram(async () => {
  const { values: options } = readOptions(OPTIONS, { advice: HELP });
  if (options.help) {
    console.log(HELP);
    return;
  }
  const folder = path.resolve(options.data ?? '');
  if (options.data === undefined || !fs.existsSync(folder)) {
    throw new SetupError('Which folder? --data DIR names one that exists', { advice: HELP });
  }
  const { cargoEnv } = await setUp(['zstd', 'cli', 'python']);
  // They need what set-up builds.
  const { weights } = await import('./validate/weights.mjs');
  const { texts } = await import('./validate/texts.mjs');
  const context = {
    work: temporaryFolder(),
    rounds: options.quick ? QUICK_ROUNDS : ROUNDS,
    textKey: options['text-key'],
    worker: buildExample('mithril-checkpoint', 'codec_worker', cargoEnv),
    exactPairs: buildExample('mithril-dedup', 'exact_pairs', cargoEnv),
  };
  const data = startRecord('validation', {});
  data.weights = await weights(folder, context);
  data.texts = texts(folder, context);
  const report = validationReport(data, { hasNames: options.names });
  writeWhole(path.resolve(options.out), report);
  console.log(report);
  process.stderr.write(`Written to ${options.out}; read it before you share it\n`);
});
