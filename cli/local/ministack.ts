import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as ministackModule from '../../scripts/setup/ministack.mjs';
import { CliError } from '../cli-error.ts';
import type { Project } from './project.ts';

type MiniStackModule = typeof ministackModule;

/** The interpreter of MiniStack's own environment, made (about 30 MB) where it is missing. */
export async function findMiniStackPython(
  project: Project,
  onLine: (line: string) => void,
): Promise<string> {
  const ministack = await loadModule(project);
  try {
    return (await ministack.ensureMiniStack({ onLog: onLine })).python;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError(message, { cause: error });
  }
}

export async function isMiniStackReady(project: Project): Promise<boolean> {
  return (await loadModule(project)).locateMiniStack().ready;
}

/** A script of the clone, loaded where it lies: it finds its lock file beside itself. */
async function loadModule(project: Project): Promise<MiniStackModule> {
  const path = join(project.root, 'scripts', 'setup', 'ministack.mjs');
  const loaded: MiniStackModule = await import(pathToFileURL(path).href);
  return loaded;
}
