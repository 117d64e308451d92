import { expect, it } from 'vitest';
import { createHumanLog } from './human-log.ts';
import { createJsonLog } from './json-log.ts';

function jsonLog(): { lines: string[]; log: ReturnType<typeof createJsonLog> } {
  const lines: string[] = [];
  const settings = { service: 'start', nowMs: () => 1_000 };
  return { lines, log: createJsonLog({ ...settings, writeLine: (line) => lines.push(line) }) };
}

it('writes an event as one line of ASCII JSON, whatever a key holds', () => {
  const { lines, log } = jsonLog();
  log.write('started', { key: 'a\nb\u2028c\u0085ü日本', bytes: 5 });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: '1970-01-01T00:00:01.000Z',
    service: 'start',
    event: 'started',
    key: 'a\nb\u2028c\u0085ü日本',
    bytes: 5,
  });
});

it('does not let a field take the place of the event', () => {
  const { lines, log } = jsonLog();
  log.write('started', { event: 'forged', service: 'forged' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'started', service: 'start' });
});

it('gives counts to where they are wanted, and to nowhere by itself', () => {
  const counted: unknown[] = [];
  const settings = {
    service: 'start',
    nowMs: () => 1_000,
    writeLine: (line: string) => lines.push(line),
  };
  const lines: string[] = [];
  createJsonLog(settings).count('BytesIn', 42);
  createJsonLog({ ...settings, count: (...given) => counted.push(given) }).count('BytesIn', 43);
  expect(counted).toEqual([['BytesIn', 43]]);
  expect(lines).toEqual([]);
});

it('shows a person control characters instead of obeying them', () => {
  const lines: string[] = [];
  const log = createHumanLog((line) => lines.push(line));
  log.write('verified', { key: 'a\u001b[2Jb', name: 'run/step-1.bin', bytes: 7, ok: true });
  log.count('BytesIn', 1);
  expect(lines).toEqual(['verified key="a\\u001b[2Jb" name=run/step-1.bin bytes=7 ok=true']);
});
