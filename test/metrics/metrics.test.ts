import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withFigures, wrongFigures } from '../../bench/runners/metrics/readme.mjs';
import { loadRecords, RECORDS } from '../../bench/runners/metrics/records.mjs';

const RUNNER = join(import.meta.dirname, '..', '..', 'bench', 'runners', 'metrics.mjs');
const scratch = mkdtempSync(join(tmpdir(), 'mithril-metrics-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const MACHINE = { cpu: 'Some CPU', cores: 2, arch: 'x64' };

/** Records of a compress speed and a bf16 ratio, one run for each pair of values. */
const recordsOf = (name: string, runs: readonly (readonly [string, number, number, object?])[]) => {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const [date, speed, ratio, more] of runs) {
    const record = {
      product: 'checkpoint',
      date: `${date}T01:02:03.000Z`,
      machine: MACHINE,
      codec: { fp32: { compress: { gibPerSecondWall: speed } } },
      ratio: { bf16: { ratio } },
      ...more,
    };
    writeFileSync(join(folder, `checkpoint-${date}T010203.json`), JSON.stringify(record));
  }
  return folder;
};

const metrics = (records: string) => {
  const [out, exported] = [join(scratch, 'METRICS.md'), join(scratch, 'metrics.json')];
  execFileSync(
    process.execPath,
    [RUNNER, '--records', records, '--out', out, '--export', exported],
    { stdio: 'ignore' },
  );
  const read = (word: string): unknown =>
    JSON.parse(readFileSync(exported.replace('.json', `.${word}.json`), 'utf8'));
  return { page: readFileSync(out, 'utf8'), bigger: read('bigger'), smaller: read('smaller') };
};

const rowOf = (page: string, title: string) =>
  page.split('\n').find((line) => line.startsWith(`| ${title} |`)) ?? '';

describe('npm run metrics', () => {
  it('shows the last value, its record and the change since the run before on the same machine', () => {
    const page = metrics(
      recordsOf('two', [
        ['2026-01-01', 2, 1.5],
        ['2026-02-01', 3, 1.5],
      ]),
    ).page;
    const row = rowOf(page, 'Compress fp32, one thread');
    expect(row).toContain('3 GiB/s');
    expect(row).toContain('checkpoint-2026-02-01T010203.json');
    expect(row).toContain('+50.0% since 2026-01-01');
    expect(row).toContain('**met**');
  });

  it('compares no two machines', () => {
    const other = { machine: { ...MACHINE, cores: 16 } };
    const page = metrics(
      recordsOf('machines', [
        ['2026-01-01', 2, 1.5, other],
        ['2026-02-01', 3, 1.5],
      ]),
    ).page;
    expect(rowOf(page, 'Compress fp32, one thread')).toContain('| first |');
  });

  it('takes the last full run, and a quick one only where there is no other', () => {
    const quick = { options: { quick: true } };
    const page = metrics(
      recordsOf('quick', [
        ['2026-01-01', 2, 1.5],
        ['2026-02-01', 3, 1.5, quick],
      ]),
    ).page;
    expect(rowOf(page, 'Compress fp32, one thread')).toContain('2026-01-01');
  });

  it('says of a miss what the arithmetic of its own value is', () => {
    const page = metrics(recordsOf('missed', [['2026-01-01', 2, 1.25]])).page;
    expect(rowOf(page, 'Ratio alone, bf16 weights, container included')).toContain('**missed**');
    expect(page).toMatch(/bf16 weights, container included: 1\.25x\. 12\.8 of 16 bits a weight/u);
  });

  it('says of a time that is missed on a busy machine how to measure it again', () => {
    const folder = join(scratch, 'busy');
    mkdirSync(folder);
    const busy = {
      product: 'cache',
      date: '2026-01-01T01:02:03.000Z',
      machine: MACHINE,
      loadBefore: [9, 9, 9],
      local_lookup: { local: { p99Ms: 12 } },
    };
    writeFileSync(join(folder, 'cache-2026-01-01T010203.json'), JSON.stringify(busy));
    const page = metrics(folder).page;
    expect(rowOf(page, 'Local lookup, p99')).toContain('(busy)');
    expect(page).toContain('20% above the limit. Other programs ran, too (load 9 on 2 cores)');
  });

  it('says on which verdicts the last three runs agree', () => {
    const page = metrics(
      recordsOf('repeats', [
        ['2026-01-01', 2.6, 1.5],
        ['2026-02-01', 2, 1.5],
        ['2026-03-01', 3, 1.5],
      ]),
    ).page;
    const [, part = ''] = page.split('### Three runs, one verdict');
    expect(part).toMatch(
      /^\n\n- \d+ of \d+ metrics have values of three runs or more; \d+ of them/u,
    );
    expect(part).toContain('- Compress fp32, one thread: met, then open, then met.');
    expect(part).not.toContain('Ratio alone, bf16 weights');
  });

  it('leaves a row without a record open, with the command that fills it', () => {
    const page = metrics(recordsOf('open', [['2026-01-01', 2, 1.5]])).page;
    expect(rowOf(page, 'Local lookup, p99')).toContain('**open**');
    expect(page).toContain('`npm run bench -- cache --only local_lookup`');
  });

  it('exports what is measured in the JSON of github-action-benchmark, by direction', () => {
    const { bigger, smaller } = metrics(recordsOf('export', [['2026-01-01', 2, 1.5]]));
    expect(bigger).toContainEqual(
      expect.objectContaining({ name: 'checkpoint-compress-fp32', unit: 'GiB/s', value: 2 }),
    );
    expect(smaller).toEqual([]);
  });

  it('has only figures in the README that the named records hold', () => {
    const readme = readFileSync(join(RECORDS, '..', '..', 'README.md'), 'utf8');
    const records = loadRecords(RECORDS);
    expect(readme.match(/\*\* \| .*bench\/records\//gu)?.length).toBeGreaterThan(5);
    expect(wrongFigures(readme, records)).toEqual([]);
    expect(wrongFigures(readme.replaceAll('**1.22x**', '**12.2x**'), records)).toHaveLength(1);
    expect(wrongFigures(withFigures(readme, records), records)).toEqual([]);
  });
});
