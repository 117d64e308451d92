import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const RUNNER = join(import.meta.dirname, '..', '..', 'bench', 'runners', 'gate.mjs');
const scratch = mkdtempSync(join(tmpdir(), 'mithril-gate-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const MACHINE = { cpu: 'Some CPU', cores: 2, arch: 'x64', rustc: 'rustc 1.95.0' };
type Kind = 'instructions' | 'bytes' | 'memory' | 'latency' | 'throughput';
let folders = 0;

/** The exit code and the table for a value against a window of values. */
function judge(
  kind: Kind,
  value: number,
  window: readonly number[],
  { machine = MACHINE, accepted }: { machine?: object; accepted?: number } = {},
) {
  const folder = join(scratch, `${folders++}`);
  mkdirSync(folder);
  const runOf = (one: number, of: object) => ({
    product: 'gate',
    machine: of,
    figures: { figure: { kind, unit: 'x', value: one } },
  });
  for (const [at, one] of window.entries()) {
    const accepts = accepted === at ? { accepts: 'a reason' } : {};
    const record = { ...runOf(one, MACHINE), date: `2026-01-01T00:00:0${at}.000Z`, ...accepts };
    writeFileSync(join(folder, `gate-2026-01-01T00000${at}.json`), JSON.stringify(record));
  }
  const run = join(scratch, 'run.json');
  writeFileSync(run, JSON.stringify(runOf(value, machine)));
  const { status, stdout } = spawnSync(
    process.execPath,
    [RUNNER, '--judge', run, '--records', folder],
    { encoding: 'utf8' },
  );
  return { status, stdout };
}

describe('npm run bench:gate', () => {
  it('lets 10% more instructions pass and fails 12%', () => {
    expect(judge('instructions', 110, [100, 100, 100]).status).toBe(0);
    const worse = judge('instructions', 112, [100, 100, 100]);
    expect(worse.status).toBe(1);
    expect(worse.stdout).toContain('1 worse');
  });

  it('fails 1% more stored bytes and 25% more memory', () => {
    expect(judge('bytes', 1009, [1000]).status).toBe(0);
    expect(judge('bytes', 1011, [1000]).status).toBe(1);
    expect(judge('memory', 124, [100]).status).toBe(0);
    expect(judge('memory', 126, [100]).status).toBe(1);
  });

  it('compares with the median of the window, not with one run', () => {
    expect(judge('instructions', 105, [100, 101, 20]).status).toBe(0);
  });

  it('only reports a time while the window is short', () => {
    expect(judge('throughput', 10, [100, 100]).status).toBe(0);
  });

  it('fails a time beyond its limit in a quiet window, and not within the spread of a noisy one', () => {
    expect(judge('throughput', 85, [100, 101, 99, 100, 100]).status).toBe(1);
    expect(judge('throughput', 85, [100, 140, 70, 100, 100]).status).toBe(0);
    expect(judge('latency', 125, [100, 101, 99, 100, 100]).status).toBe(1);
    expect(judge('latency', 125, [100, 140, 70, 100, 100]).status).toBe(0);
  });

  it('compares memory only on the same machine, bytes everywhere', () => {
    const machine = { ...MACHINE, cpu: 'Another CPU', arch: 'arm64' };
    expect(judge('memory', 500, [100], { machine }).stdout).toContain('1 new');
    expect(judge('bytes', 500, [100], { machine }).status).toBe(1);
  });

  it('starts the window anew at a run that says why it may be worse', () => {
    expect(judge('instructions', 150, [100, 100, 100, 150]).status).toBe(1);
    expect(judge('instructions', 150, [100, 100, 100, 150], { accepted: 3 }).status).toBe(0);
  });
});
