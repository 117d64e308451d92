import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';

let cli: BuiltCli;
let folder: string;
beforeAll(async () => {
  cli = await buildCli();
  folder = mkdtempSync(join(tmpdir(), 'mithril-dedup-cli-'));
  writeFileSync(join(folder, 'docs.jsonl'), `${LINES.join('\n')}\n`);
});
afterAll(async () => {
  await cli.remove();
  rmSync(folder, { recursive: true, force: true });
});

const WORDS = Array.from({ length: 30 }, (_, n) => `word${n}`).join(' ');
const row = (id: number, text: string, score: number): string =>
  JSON.stringify({ id, text, score });
const LINES = [
  row(1, WORDS, 1),
  row(2, 'a text of its own that nothing else is like', 2),
  row(3, `${WORDS} more`, 9),
  row(4, WORDS.toUpperCase(), 3),
];
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const run = (...args: string[]) => cli.run(['dedup', ...args], { cwd: folder });

describe('mithril dedup', () => {
  it('removes near-duplicates, says so in one line, and tells the rest as JSON', async () => {
    const plain = await run('docs.jsonl', '-o', 'clean.jsonl');
    expect(plain).toMatchObject({ code: 0 });
    expect(plain.stdout).toMatch(
      /^mithril-dedup: Processed 4 docs in [\d.]+s \([\d.]+K? docs\/s\), found 2 duplicates \(50\.0%\)\n$/u,
    );
    expect(read('clean.jsonl')).toBe(`${LINES[0]}\n${LINES[1]}\n`);
    const json = await run('docs.jsonl', '-o', 'again.jsonl', '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      total: { rows: 4, kept: 2, dropped: 2, rejected: 0 },
      files: [{ input: 'docs.jsonl', output: 'again.jsonl', rows: 4, kept: 2 }],
      duplicates: 2,
      duplicateShare: 0.5,
    });
    expect(read('again.jsonl')).toBe(read('clean.jsonl'));
  });

  it('keeps the best row and reports why the others went', async () => {
    const options = ['--keep', 'max:score', '--id-key', 'id', '--report', 'why.jsonl'];
    expect(await run('docs.jsonl', '-o', 'best.jsonl', ...options)).toMatchObject({ code: 0 });
    expect(read('best.jsonl')).toBe(`${LINES[1]}\n${LINES[2]}\n`);
    const report = read('why.jsonl').trimEnd().split('\n');
    expect(report.map((line): unknown => JSON.parse(line))).toMatchObject([
      { id: 1, survivor: { id: 3 }, intersection: 26, union: 27 },
      { id: 4, survivor: { id: 3 }, intersection: 26, union: 27 },
    ]);
  });

  it('takes options from a file, and flags before it', async () => {
    writeFileSync(
      join(folder, 'settings.toml'),
      'threshold = 1\ntext_key = "text"\nkeep = "last"\n',
    );
    const config = ['--config', 'settings.toml'];
    expect(await run('docs.jsonl', '-o', 'exact.jsonl', ...config)).toMatchObject({ code: 0 });
    expect(read('exact.jsonl')).toBe(`${LINES.slice(1).join('\n')}\n`);
    const flags = [...config, '--threshold', '0.8'];
    expect(await run('docs.jsonl', '-o', 'flags.jsonl', ...flags)).toMatchObject({ code: 0 });
    expect(read('flags.jsonl')).toBe(`${LINES[1]}\n${LINES[3]}\n`);
    writeFileSync(join(folder, 'wrong.toml'), 'treshold = 1\n');
    const wrong = await run('docs.jsonl', '-o', 'x.jsonl', '--config', 'wrong.toml');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('treshold') });
  });

  it('removes equal texts only, or by filters whose error is said before', async () => {
    writeFileSync(join(folder, 'twice.jsonl'), `${LINES.join('\n')}\n${LINES[0]}\n`);
    const exact = await run('twice.jsonl', '-o', 'equal.jsonl', '--exact');
    expect(exact).toMatchObject({ code: 0, stdout: expect.stringContaining('1 duplicates') });
    expect(read('equal.jsonl')).toBe(read('docs.jsonl'));
    const bloom = ['--index', 'lshbloom', '--bloom-error', '1e-6'];
    const seen = await run('twice.jsonl', '-o', 'seen.jsonl', ...bloom, '--format', 'json');
    expect(seen.stderr).toMatch(/LSHBloom: \d+ documents, 20 bands: .*probability \d\.\d+e-\d+$/mu);
    expect(read('seen.jsonl')).toBe(`${LINES[0]}\n${LINES[1]}\n`);
    expect(JSON.parse(seen.stdout)).toMatchObject({ duplicates: 3 });
    const dry = await run('twice.jsonl', '--dry-run', ...bloom);
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('60.0%') });
  });

  it('reads and writes Parquet', async () => {
    const data = join(import.meta.dirname, '../../native/minhash/tests/data');
    const rows = ['--max-bad', '1%', '--id-key', 'id'];
    const columns = join(data, 'rows.parquet');
    const out = await run(columns, '-o', 'rows.parquet', ...rows, '--report', 'columns.jsonl');
    expect(out).toMatchObject({ code: 0, stdout: expect.stringContaining('299 docs') });
    const lines = ['-o', 'rows.jsonl', '--report', 'lines.jsonl'];
    expect(await run(join(data, 'rows.jsonl'), ...lines, ...rows)).toMatchObject({ code: 0 });
    const ids = (name: string) =>
      read(name)
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line).id);
    expect(ids('columns.jsonl')).toEqual(ids('lines.jsonl'));
    const dry = await run(columns, '--dry-run', '--text-key', 'text');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('299 rows') });
    const mixed = await run(columns, '-o', 'rows2.jsonl', ...rows);
    expect(mixed).toMatchObject({ code: 2, stderr: expect.stringContaining('.parquet') });
    const key = await run(columns, '-o', 'never.parquet', '--text-key', 'body');
    expect(key).toMatchObject({ code: 2, stderr: expect.stringContaining('one of: id, text') });
  });

  it('writes nothing in a dry run, and explains the bands', async () => {
    const before = readdirSync(folder);
    const dry = await run('docs.jsonl', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('duplicates  50.0%') });
    expect(readdirSync(folder)).toEqual(before);
    const curve = await run('--explain', '--threshold', '0.8', '--format', 'json');
    expect(JSON.parse(curve.stdout)).toMatchObject({ bands: 20, rows: 6 });
  });

  it('reads standard input', async () => {
    const input = join(folder, 'docs.jsonl');
    const args = ['dedup', '-', '-o', 'piped.jsonl'];
    const { ended } = cli.start(args, { cwd: folder, input });
    expect(await ended).toMatchObject({ code: 0 });
    expect(read('piped.jsonl')).toBe(`${LINES[0]}\n${LINES[1]}\n`);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each([
    [2, ['--threshold', '1.5'], 'threshold'],
    [2, ['--bands', '3'], '--bands'],
    [2, ['--keep', 'best'], '--keep'],
    [2, ['--exact', '--index', 'lshbloom'], '--exact'],
    [2, ['--index', 'lshbloom', '--report', 'r.jsonl'], 'no --report'],
    [2, ['--bloom-error', '0.1'], '--bloom-error'],
    [2, ['--memory', '1MiB'], '128MiB'],
    [3, ['--text-key', 'body'], 'missing_field at byte 0 of docs.jsonl'],
    [1, ['-o', 'docs2.jsonl', '--against', 'absent.jsonl'], 'does not exist'],
  ])('ends with code %d for %j, and says why', async (code, options, why) => {
    const ended = await run('docs.jsonl', '-o', 'never.jsonl', ...options);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(why) });
    expect(readdirSync(folder)).not.toContain('never.jsonl');
  });

  it('does not replace an output', async () => {
    writeFileSync(join(folder, 'mine.jsonl'), 'mine');
    const refused = await run('docs.jsonl', '-o', 'mine.jsonl');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(read('mine.jsonl')).toBe('mine');
    expect(await run('docs.jsonl', '-o', 'docs.jsonl', '--force')).toMatchObject({ code: 2 });
  });
});
