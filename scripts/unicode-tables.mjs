#!/usr/bin/env node
// Writes native/minhash/src/text/tables/ from this Node's Unicode data: `node scripts/unicode-tables.mjs`.
//
// The tables are checked in, because signatures must not change with the compiler or the machine.
// To move to another Unicode version is to change what a word is: indexes built before it no longer
// match, so the index format's version must change with it.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './system/cache.mjs';

const UNICODE = '17.0';
const LETTER = /^[\p{Alphabetic}\p{Decimal_Number}\p{Connector_Punctuation}]$/u;
// Variation selectors (U+FE00 to U+FE0F) pick the glyph of a sign or emoji: no part of a word.
const EXTENDER = /^(?![\u{FE00}-\u{FE0F}])[\p{Mark}\p{Join_Control}]$/u;

if (process.versions.unicode !== UNICODE) {
  throw new Error(`Unicode ${UNICODE} is wanted, this Node has ${process.versions.unicode}`);
}

function* codePoints() {
  for (let code = 0; code <= 0x10ffff; code += 1) {
    if (code < 0xd800 || code > 0xdfff) yield [code, String.fromCodePoint(code)];
  }
}

/** Runs of code points for which `holds` is true. */
function ranges(holds) {
  const found = [];
  for (const [code, text] of codePoints()) {
    if (!holds(text)) continue;
    const last = found.at(-1);
    if (last?.[1] === code - 1) last[1] = code;
    else found.push([code, code]);
  }
  return found;
}

/** Runs (first, last, step) of code points whose lower case is one code point, `delta` away. */
function lowerRuns() {
  const runs = [];
  for (const [code, text] of codePoints()) {
    const lower = [...text.toLowerCase()];
    if (lower.length > 1 || lower[0] === text) continue;
    const delta = lower[0].codePointAt(0) - code;
    const run = runs.at(-1);
    const step = run === undefined ? 0 : code - run.last;
    if (run?.delta === delta && (run.step === step || (run.first === run.last && step <= 2))) {
      Object.assign(run, { last: code, step });
    } else {
      runs.push({ first: code, last: code, step: 1, delta });
    }
  }
  return runs.map(({ first, last, step, delta }) => [first, last, step, delta]);
}

const hex = (code) => `0x${code.toString(16).toUpperCase()}`;

function write(file, about, type, rows) {
  const lines = [];
  for (const row of rows) {
    const cell = `(${row.map((value, at) => (at < 2 ? hex(value) : value)).join(', ')}),`;
    const longer = `${lines.at(-1) ?? ''} ${cell}`;
    if (lines.length > 0 && longer.length <= 100) lines[lines.length - 1] = longer;
    else lines.push(`    ${cell}`);
  }
  const name = path.basename(file, '.rs').toUpperCase();
  fs.writeFileSync(
    path.join(ROOT, 'native/minhash/src/text/tables', file),
    `//! ${about}\n//!\n//! Unicode ${UNICODE}, written by \`scripts/unicode-tables.mjs\`.\n\n` +
      `#[rustfmt::skip]\npub(super) const ${name}: &[${type}] = &[\n${lines.join('\n')}\n];\n`,
  );
}

const extender = (text) => EXTENDER.test(text);
const letter = (text) => LETTER.test(text) && !extender(text);
const range = '(u32, u32)';
write(
  'letters.rs',
  'First and last code point of each run that starts or continues a word.',
  range,
  ranges(letter),
);
write(
  'extenders.rs',
  'First and last code point of each run that only continues a word.',
  range,
  ranges(extender),
);
write(
  'lower.rs',
  'First, last, step and distance to the lower case of each run of upper-case code points.',
  '(u32, u32, u32, i32)',
  lowerRuns(),
);
