import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createJsonLog } from '../../shared/adapters/log/json-log.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';

export const AUDIT_NAME = /^audit-(\d{4}-\d{2}-\d{2})\.jsonl$/u;

/** A line of JSON for each change, in a file for each day; whole lines from several processes. */
export function openAuditLog(folder: string, clock: Clock): Log {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return createJsonLog({
    service: 'cache',
    nowMs: () => clock.nowMs(),
    writeLine: (line) => {
      const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
      appendFileSync(join(folder, `audit-${day}.jsonl`), `${line}\n`, { mode: 0o600 });
    },
  });
}
