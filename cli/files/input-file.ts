import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { CliError } from '../cli-error.ts';

/** The file's size, or an error that says what is wrong with the path. */
export async function checkInput(path: string, role = 'input'): Promise<number> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    const advice = path.startsWith('s3://') ? 'This command works on files.' : 'Check the path.';
    throw new CliError(`the ${role} does not exist: ${path}`, { advice });
  }
  if (found.isDirectory()) {
    throw new CliError(`the ${role} is a folder: ${path}`, {
      advice: 'Name one file; every file of a folder is compressed by itself.',
    });
  }
  if (!found.isFile()) {
    throw new CliError(`the ${role} is not a regular file: ${path}`, {
      advice: 'Pipes and devices cannot be read twice. Write it to a file first.',
    });
  }
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw new CliError(`the ${role} cannot be read: ${path}`, {
      advice: 'Check its permissions.',
      cause,
    });
  });
  return found.size;
}

export async function checkBases(paths: readonly string[]): Promise<void> {
  for (const path of paths) await checkInput(path, 'base');
}
