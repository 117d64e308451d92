import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Terminal, type TerminalOptions } from './terminal.ts';

const MIB = 1024 * 1024;

function terminal(options: Partial<TerminalOptions> & { readonly isTTY?: boolean } = {}) {
  const written = { out: '', err: '' };
  const { isTTY = false, ...rest } = options;
  const shown = new Terminal({
    out: { isTTY, write: (text) => (written.out += text) },
    err: { isTTY, columns: 100, write: (text) => (written.err += text) },
    env: {},
    isQuiet: false,
    isVerbose: false,
    isJson: false,
    ...rest,
  });
  return { shown, written };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** A bar of half the work, after `ms`. */
function progressAfter(ms: number, options: Parameters<typeof terminal>[0]): string {
  const { shown, written } = terminal(options);
  const progress = shown.progress('Working');
  vi.advanceTimersByTime(ms);
  progress.update(5 * MIB, 10 * MIB);
  progress.end();
  return written.err;
}

describe('results', () => {
  it('go to stdout as a line, or as JSON with the line on stderr', () => {
    const person = terminal();
    person.shown.result('a line', { value: 1 });
    expect(person.written).toEqual({ out: 'a line\n', err: '' });
    const program = terminal({ isJson: true });
    program.shown.result('a line', { value: 1 });
    expect(program.written).toEqual({ out: '{\n  "value": 1\n}\n', err: 'a line\n' });
    const quiet = terminal({ isJson: true, isQuiet: true });
    quiet.shown.result('a line', { value: 1 });
    expect(quiet.written).toEqual({ out: '{\n  "value": 1\n}\n', err: '' });
  });

  it('details are for -v, warnings for everybody', () => {
    const { shown: plain, written } = terminal({ isQuiet: true });
    plain.detail('detail');
    plain.note('note');
    plain.warn('warning');
    expect(written).toEqual({ out: '', err: 'warning\n' });
    const verbose = terminal({ isVerbose: true });
    verbose.shown.detail('detail');
    expect(verbose.written.err).toBe('detail\n');
  });
});

describe('progress', () => {
  it('is a bar on a terminal, coloured unless NO_COLOR is set, and gone at the end', () => {
    const coloured = progressAfter(1_000, { isTTY: true });
    expect(coloured).toContain('\u001B[36m██████████░░░░░░░░░░\u001B[0m Working 50%');
    expect(coloured).toContain('5.0 MiB of 10.0 MiB 5.0 MiB/s 1s left');
    expect(coloured.endsWith('\r\u001B[K')).toBe(true);
    expect(progressAfter(1_000, { isTTY: true, env: { NO_COLOR: '1' } })).not.toContain('[36m');
  });

  it('is a plain line now and then elsewhere, also on a dumb terminal', () => {
    const line = 'Working 50% 5.0 MiB of 10.0 MiB 853 KiB/s 6s left\n';
    expect(progressAfter(6_000, {})).toBe(line);
    expect(progressAfter(6_000, { isTTY: true, env: { TERM: 'dumb' } })).toBe(line);
    expect(progressAfter(1_000, {})).toBe('');
  });

  it('is not shown with -q', () => {
    expect(progressAfter(6_000, { isTTY: true, isQuiet: true })).toBe('');
  });
});
