import type { Log, LogFields } from '../../ports/log.ts';

/** For a person at a terminal: what happened, then what it is about. Counts are not shown. */
export function createHumanLog(writeLine: (line: string) => void): Log {
  return {
    write: (event: string, fields: LogFields): void => {
      const said = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
      writeLine([event, ...said].join(' '));
    },
    count: () => undefined,
  };
}

/** Quoted as JSON where it is not one plain word: control characters of a key stay visible. */
function show(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
}
