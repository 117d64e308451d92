// Part of layer-probe.mjs: deduplicates rows that are the same everywhere, one in three a copy of
// an earlier one with up to two words changed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROWS = 3_000;
const WORDS_OF_A_ROW = 60;
const SCRIPTS = ['word', 'Straße', 'ΛΌΓΟΣ', '言葉', 'слово', 'كلمة', 'e\u0301te', '🙂x'];
// Beyond one block of 64 bytes, and what lies beside letters and digits in ASCII.
const SHAPES = [
  'LongWord'.repeat(12),
  'snake_CASE_',
  "@don't[it`s]{/:",
  'a-B.c,D;',
  '言葉'.repeat(30),
];
const STEMS = [...SCRIPTS, ...SHAPES];
const SETTINGS = { textKey: 'text', threshold: '0.8', n: 5, permutations: 128, seed: 7 };

function rows(next) {
  const texts = [];
  const newWord = () => `${STEMS[next() % STEMS.length]}${next() % 5_000}`;
  for (let id = 0; id < ROWS; id++) {
    const isCopy = id % 3 === 2;
    const words = isCopy
      ? texts[next() % texts.length].split(' ')
      : Array.from({ length: WORDS_OF_A_ROW }, newWord);
    for (let left = isCopy ? next() % 3 : 0; left > 0; left--) {
      words[next() % words.length] = newWord();
    }
    texts.push(words.join(' '));
  }
  return texts.map((text, id) => `${JSON.stringify({ id, text })}\n`).join('');
}

/** Digests of what is kept and of why the rest goes, by unit of the n-grams. */
export async function dedup(native, next, digestOf) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'mithril-dedup-'));
  const [input, output, report] = ['in', 'out', 'why'].map((it) => path.join(work, `${it}.jsonl`));
  const digests = {};
  try {
    fs.writeFileSync(input, rows(next));
    for (const unit of ['word', 'char']) {
      const { total } = await new native.DedupJob().run({
        references: [],
        inputs: [{ path: input, name: 'in.jsonl' }],
        outputs: [output],
        isForced: true,
        settings: { ...SETTINGS, unit },
        keep: 'first',
        mode: 'drop',
        report,
        idKey: 'id',
        badShareMax: 0,
        scratch: path.join(work, 'scratch'),
        threads: 2,
        memory: 1 << 28,
      });
      assert.equal(total.rows, ROWS);
      assert.ok(total.dropped > ROWS / 6 && total.dropped <= ROWS / 3, `${total.dropped} dropped`);
      digests[unit] = [output, report].map((file) => digestOf(fs.readFileSync(file))).join(' ');
    }
  } finally {
    fs.rmSync(work, { recursive: true });
  }
  return digests;
}
