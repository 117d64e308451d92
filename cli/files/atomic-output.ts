import { randomBytes } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { access, link, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CliError, Interrupted, readCode } from '../cli-error.ts';
import type { Interruption } from '../interruption.ts';

export interface AtomicOutput {
  /** Where the result will be. */
  readonly path: string;
  readonly isForced: boolean;
  readonly interruption: Interruption;
}

/**
 * Runs `write` with the name of a temporary file beside the output, and moves it into place when
 * it is complete. After an error or Ctrl-C nothing is left; an existing output is never replaced
 * without --force, also when it appears while we work.
 */
export async function writeAtomically<Result>(
  output: AtomicOutput,
  write: (temporary: string) => Promise<Result>,
): Promise<Result> {
  await checkOutput(output.path, output.isForced);
  const temporary = temporaryBeside(output.path);
  const forget = output.interruption.onExit(() => rmSync(temporary, { force: true }));
  try {
    const result = await write(temporary);
    if (output.interruption.signal.aborted) throw new Interrupted('interrupted');
    await flush(temporary);
    await publish(temporary, output);
    return result;
  } finally {
    await rm(temporary, { force: true });
    forget();
  }
}

/** Refuses before any work what would fail at its end. */
export async function checkOutput(path: string, isForced: boolean): Promise<void> {
  const folder = dirname(resolve(path));
  const folderStat = await stat(folder).catch(() => null);
  if (folderStat === null || !folderStat.isDirectory()) {
    throw new CliError(`the folder of the output does not exist: ${folder}`, {
      advice: `Create it: mkdir -p '${folder}'`,
    });
  }
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw new CliError(`the folder of the output cannot be written: ${folder}`, {
      advice: 'Choose another output with -o.',
      cause,
    });
  });
  const existing = await stat(path).catch(() => null);
  if (existing?.isDirectory()) {
    throw new CliError(`the output is a folder: ${path}`, { advice: 'Name a file with -o.' });
  }
  if (existing !== null && !isForced) throw alreadyExists(path);
}

function alreadyExists(path: string): CliError {
  return new CliError(`the output exists already: ${path}`, {
    advice: 'Choose another output with -o, or replace it with --force.',
  });
}

function temporaryBeside(path: string): string {
  const unique = `${process.pid}-${randomBytes(4).toString('hex')}`;
  return join(dirname(path), `.${basename(path).slice(0, 200)}.${unique}.tmp`);
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A hard link fails where the name is taken, in one step; a rename would replace it. */
async function publish(temporary: string, output: AtomicOutput): Promise<void> {
  if (output.isForced) return rename(temporary, output.path);
  try {
    await link(temporary, output.path);
  } catch (error) {
    if (readCode(error) === 'EEXIST') throw alreadyExists(output.path);
    await checkOutput(output.path, false);
    return rename(temporary, output.path); // a file system without hard links
  }
  await unlink(temporary);
}
