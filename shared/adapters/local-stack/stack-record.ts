import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readStartMark } from './process-identity.ts';

const stackRecordSchema = z.object({
  version: z.literal(1),
  pid: z.int().positive(),
  /** What `readStartMark` said of the process: a recycled pid does not match. */
  startMark: z.string(),
  port: z.int().min(1).max(65_535),
  endpoint: z.url(),
  startedAt: z.iso.datetime(),
});

/** The running MiniStack as other processes find it: `stack.json` in its folder. */
export type StackRecord = z.infer<typeof stackRecordSchema>;

const fileOf = (folder: string): string => join(folder, 'stack.json');

export function writeStackRecord(folder: string, record: StackRecord): void {
  writeFileSync(fileOf(folder), `${JSON.stringify(record, null, 2)}\n`);
}

export function removeStackRecord(folder: string): void {
  rmSync(fileOf(folder), { force: true });
}

/** The record, if the process that it names lives. A stale or unreadable record counts as none. */
export function readLiveRecord(folder: string): StackRecord | null {
  let text: string;
  try {
    text = readFileSync(fileOf(folder), 'utf8');
  } catch {
    return null;
  }
  const parsed = stackRecordSchema.safeParse(parseJson(text));
  if (!parsed.success) return null;
  return readStartMark(parsed.data.pid) === parsed.data.startMark ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
