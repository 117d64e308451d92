import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';

let cli: BuiltCli;
let folder: string;
beforeAll(async () => {
  cli = await buildCli();
  folder = mkdtempSync(join(tmpdir(), 'mithril-dedup-index-'));
  writeFileSync(join(folder, 'docs.jsonl'), rows(0, 30));
  writeFileSync(join(folder, 'more.jsonl'), `${rows(30, 40)}broken\n`);
});
afterAll(async () => {
  await cli.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Ten in a row differ in their last word. */
const text = (row: number): string => {
  const first = Math.floor(row / 10) * 1000;
  const words = Array.from({ length: 39 }, (_, at) => `w${first + at}`);
  return [...words, `last${row % 10}`].join(' ');
};

function rows(from: number, to: number): string {
  const numbers = Array.from({ length: to - from }, (_, at) => from + at);
  return numbers.map((id) => `${JSON.stringify({ id, text: text(id) })}\n`).join('');
}

const run = (...args: string[]) => cli.run(['dedup', 'index', ...args], { cwd: folder });
const json = async (...args: string[]): Promise<unknown> => {
  const ended = await run(...args, '--format', 'json', '-q');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ended.stdout);
};

describe('mithril dedup index', () => {
  it('is built, added to and queried, by text and by file', async () => {
    const built = await run('build', 'docs.jsonl', '-o', 'docs.index', '--id-key', 'id');
    expect(built).toMatchObject({ code: 0 });
    expect(built.stdout).toMatch(
      /^mithril-dedup: Indexed 30 rows; docs\.index has 30 rows, 1 part, [\d.]+ KiB\n$/u,
    );
    const add = ['add', 'docs.index', 'more.jsonl', '--id-key', 'id'];
    expect(await run(...add)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('1 of 11'),
    });
    expect(await json('info', 'docs.index', '--check')).toMatchObject({ rows: 30, bands: 20 });
    expect(await run(...add, '--max-bad', '10%')).toMatchObject({ code: 0 });
    const found = await json('query', 'docs.index', '--text', text(34), '--limit', '3');
    expect(found).toMatchObject({
      neighbours: [
        { id: 34, similarity: 1, intersection: 36, union: 36 },
        { id: 30, intersection: 35, union: 37 },
        { id: 31, intersection: 35, union: 37 },
      ],
      cut: false,
    });
    expect(
      await json('query', 'docs.index', 'docs.jsonl', '-o', 'found.jsonl', '--limit', '2'),
    ).toMatchObject({
      rows: 30,
      matched: 30,
    });
    const lines = readFileSync(join(folder, 'found.jsonl'), 'utf8').trimEnd().split('\n');
    expect(JSON.parse(lines[7] ?? '')).toMatchObject({
      neighbours: [{ id: 7 }, { id: 0 }],
    });
  });

  it('forgets what is removed, and merges', async () => {
    expect(await json('remove', 'docs.index', '--id', '34', '--id', 'none')).toMatchObject({
      changed: 1,
      rows: 39,
      removedRows: 1,
    });
    const { stdout } = await run('query', 'docs.index', '--text', text(34));
    expect(stdout.split('\n')[0]).toBe('0.9459  30  (35 of 37 shingles)');
    expect(await json('merge', 'docs.index')).toMatchObject({ parts: 1, rows: 39, removedRows: 0 });
    expect(readdirSync(join(folder, 'docs.index')).sort()).toEqual(['000003.part', 'head', 'lock']);
    expect((await run('query', 'docs.index', '--text', 'unlike anything')).stdout).toBe(
      'nothing like it\n',
    );
  });

  it.each([
    [1, ['query', 'absent.index', '--text', 'x'], 'the index absent.index'],
    [1, ['add', 'absent.index', 'docs.jsonl'], 'mithril dedup index build'],
    [1, ['build', 'docs.jsonl', '-o', 'docs.index'], '--force'],
    [1, ['build', 'absent.jsonl', '-o', 'x.index'], 'does not exist'],
    [2, ['build', 'docs.jsonl'], '-o'],
    [2, ['build', 'docs.jsonl', '-o', 'x.index', '--threshold', '7'], 'threshold'],
    [2, ['query', 'docs.index'], '--text'],
    [2, ['query', 'docs.index', '--text', 'x', '--limit', '0'], '--limit'],
    [2, ['remove', 'docs.index'], '--id'],
    [3, ['build', 'docs.jsonl', '-o', 'x.index', '--text-key', 'body'], 'missing_field'],
  ])('ends with code %d for %j, and says why', async (code, args, why) => {
    expect(await run(...args)).toMatchObject({ code, stderr: expect.stringContaining(why) });
    expect(readdirSync(folder)).not.toContain('x.index');
    expect(readdirSync(folder)).not.toContain('absent.index');
  });

  it('is refused when a file of it is damaged', async () => {
    const file = join(folder, 'docs.index', '000003.part');
    const bytes = readFileSync(file);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const checked = await run('info', 'docs.index', '--check');
    expect(checked).toMatchObject({ code: 3, stderr: expect.stringContaining('000003.part') });
  });
});
