#!/usr/bin/env node
// `npm run coverage`: lines that the tests run, by language; fails below the thresholds.
//
//   npm run coverage                             all three
//   npm run coverage -- typescript python        some
//   npm run coverage -- typescript --files       and every file below its threshold
import { parseArgs } from 'node:util';
import { measurePython } from './coverage/python.mjs';
import { measureRust } from './coverage/rust.mjs';
import { measureTypeScript } from './coverage/typescript.mjs';
import { SetupError } from './system/process.mjs';
import { asProgram } from './system/program.mjs';

const LANGUAGES = {
  typescript: { least: 85, measure: measureTypeScript },
  python: { least: 80, measure: measurePython },
  rust: { least: 80, measure: measureRust },
};
const percentOf = ({ covered, total }) => (total === 0 ? 100 : (100 * covered) / total);
const row = (name, it) =>
  `${percentOf(it).toFixed(1).padStart(5)}%  ${it.covered} of ${it.total} lines  ${name}`;

await asProgram(async () => {
  const { values, positionals } = parseArgs({
    options: { files: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(LANGUAGES);
  const unknown = names.filter((name) => !(name in LANGUAGES));
  if (unknown.length > 0) throw new SetupError(`Known: ${Object.keys(LANGUAGES).join(', ')}`);
  const rows = [];
  let isShort = false;
  for (const name of names) {
    const { least, measure } = LANGUAGES[name];
    const line = (text) => process.stdout.write(`${text}\n`);
    const { files, note = '', ...sum } = await measure({ line });
    const isBelow = percentOf(sum) < least;
    isShort ||= isBelow;
    const shown = values.files ? files.filter((it) => percentOf(it) < least) : [];
    const rest = [isBelow ? `BELOW ${least}%` : `at least ${least}%`, note].filter(Boolean);
    rows.push(`${row(name, sum)}, ${rest.join(', ')}`);
    rows.push(
      ...shown
        .toSorted((a, b) => percentOf(a) - percentOf(b))
        .map((it) => `    ${row(it.name, it)}`),
    );
  }
  process.stdout.write(`\n${rows.join('\n')}\n`);
  if (isShort) process.exitCode = 1;
});
