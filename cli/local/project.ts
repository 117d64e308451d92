import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';

const LEVELS_MAX = 8;
const packageSchema = z.object({ name: z.literal('mithril') });

/** Folders of the clone that this command runs from. */
export interface Project {
  readonly root: string;
  /** MiniStack's data, the synthesised template and its settings file. */
  readonly localFolder: string;
  /** Data of the one-machine host. */
  readonly oneMachineFolder: string;
  readonly settingsPath: string;
}

/** The local stack deploys the template of a clone, so it needs one around this file. */
export function findProject(): Project {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < LEVELS_MAX; level += 1) {
    if (isProject(folder)) return describe(folder);
    folder = dirname(folder);
  }
  throw new CliError('this command needs a clone of the Mithril repository around it', {
    advice: 'Run it from there: npm start, or node dist/cli/mithril.js local up',
  });
}

function isProject(folder: string): boolean {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return false;
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return packageSchema.safeParse(content).success;
}

function describe(root: string): Project {
  const localFolder = join(root, '.mithril', 'local');
  return {
    root,
    localFolder,
    oneMachineFolder: join(root, '.mithril', 'one-machine'),
    settingsPath: join(localFolder, 'mithril.toml'),
  };
}
