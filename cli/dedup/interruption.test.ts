import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli } from '../testing/built-cli.ts';

let cli: BuiltCli;
let folder: string;
beforeAll(async () => {
  cli = await buildCli();
  folder = mkdtempSync(join(tmpdir(), 'mithril-dedup-stop-'));
  writeFileSync(join(folder, 'docs.jsonl'), [...manyRows()].join(''));
});
afterAll(async () => {
  await cli.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Hashes of so many rows do not fit a quarter of the least --memory; one row in ten is a copy. */
function* manyRows() {
  for (let row = 0; row < ROWS; row++) {
    const own = row % 10 === 9 ? row - 1 : row;
    yield `{"text":"row ${own} has words of ${own * 7} its own and ${own % 13} more"}\n`;
  }
}
const ROWS = 500_000;
const SCRATCH = 'clean.jsonl.mithril-scratch';
const LINE = ['dedup', 'docs.jsonl', '-o', 'clean.jsonl', '--memory', '128MiB', '--threads', '1'];
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** Waits until finished work is in the scratch folder. */
async function workIsKept(): Promise<void> {
  const scratch = join(folder, SCRATCH);
  const isThere = (): boolean =>
    existsSync(scratch) && readdirSync(scratch).some((name) => name.endsWith('.spill'));
  while (!isThere()) await new Promise((next) => setTimeout(next, 2));
}

describe('Ctrl-C while mithril dedup works', () => {
  it('keeps what is finished, says where, and the command that it prints goes on', async () => {
    const { child, ended } = cli.start([...LINE, '--keep', 'max:a b'], { cwd: folder });
    await workIsKept();
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toContain(
      `Interrupted; finished work is kept in ${SCRATCH} (remove it to give up).\n` +
        `The same command goes on from there: mithril ${LINE.join(' ')} --keep 'max:a b'\n`,
    );
    expect(existsSync(join(folder, 'clean.jsonl'))).toBe(false);
    const spills = readdirSync(join(folder, SCRATCH)).filter((name) => name.endsWith('.spill'));
    expect(spills).not.toEqual([]);

    const resumed = await cli.run([...LINE, '--keep', 'max:a b'], { cwd: folder });
    expect(resumed).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, SCRATCH))).toBe(false);
    const whole = ['dedup', 'docs.jsonl', '-o', 'whole.jsonl', '--keep', 'max:a b'];
    expect(await cli.run(whole, { cwd: folder })).toMatchObject({ code: 0 });
    expect(read('clean.jsonl') === read('whole.jsonl')).toBe(true);
    expect(read('clean.jsonl').split('\n').length - 1).toBe(ROWS * 0.9);
  });

  it('leaves nothing of standard input, from which nobody can go on', async () => {
    const { child, ended } = cli.start(['dedup', '-', '-o', 'piped.jsonl', '--memory', '128MiB'], {
      cwd: folder,
      input: join(folder, 'docs.jsonl'),
    });
    const isSpooled = (): boolean =>
      readdirSync(folder).some((name) => name.startsWith('.mithril-dedup-stdin-'));
    while (!isSpooled()) await new Promise((next) => setTimeout(next, 2));
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toContain('Interrupted; nothing was left behind.\n');
    expect(readdirSync(folder).filter((name) => /stdin|piped/u.test(name))).toEqual([]);
  });
});
