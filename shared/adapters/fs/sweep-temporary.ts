import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from './fs-error.ts';

const LEFT_BEHIND_MS = 24 * 3_600_000;

/**
 * Removes what killed processes left in a folder of temporary files. A running one never needs
 * a file of its own for a day.
 */
export async function sweepTemporary(folder: string, nowMs: number): Promise<void> {
  for (const name of (await ifThere(readdir(folder))) ?? []) {
    const path = join(folder, name);
    const found = await ifThere(stat(path));
    if (found !== null && nowMs - found.mtimeMs > LEFT_BEHIND_MS) await rm(path, { force: true });
  }
}
