import { asciiJson } from '../../domain/checkpoint/ascii-json.ts';
import type { Log, LogFields } from '../../ports/log.ts';

export interface JsonLogSettings {
  /** A field of every line: the stack on AWS. */
  readonly service: string;
  readonly nowMs: () => number;
  readonly writeLine: (line: string) => void;
  /** Where counts go; hosts without metrics leave it out. */
  readonly count?: Log['count'];
}

/**
 * One JSON line an event. Lines are ASCII, so that no key with a line separator makes two lines of
 * one.
 */
export function createJsonLog(settings: JsonLogSettings): Log {
  const { service, nowMs, writeLine, count = () => undefined } = settings;
  return {
    write: (event: string, fields: LogFields): void => {
      writeLine(asciiJson({ ...fields, time: new Date(nowMs()).toISOString(), service, event }));
    },
    count,
  };
}
