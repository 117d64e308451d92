import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Interrupted } from '../cli-error.ts';
import type { Interruption } from '../interruption.ts';
import type { InputFile } from './files.ts';

/** What standard input is called on the command line and in reports. */
export const STDIN = '-';

/**
 * Standard input as a file, in a folder of its own below `parent`, for work that reads it more than
 * once. The folder always goes at the end: no other run can go on from what was piped into this one.
 */
export async function withStdinFile<Result>(
  interruption: Interruption,
  parent: string,
  use: (input: InputFile, folder: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, '.mithril-dedup-stdin-'));
  const undo = interruption.onExit(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const path = join(folder, 'stdin.jsonl');
    await pipeline(process.stdin, createWriteStream(path), { signal: interruption.signal });
    return await use({ path, name: STDIN, relative: 'stdin.jsonl' }, folder);
  } catch (error) {
    throw interruption.signal.aborted ? new Interrupted('interrupted') : error;
  } finally {
    undo();
    await rm(folder, { recursive: true, force: true });
  }
}
