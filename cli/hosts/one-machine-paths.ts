import { join } from 'node:path';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Settings } from '../settings/settings.ts';

/** Buckets of the one-machine host, where the settings name no others. */
export const SOURCE_BUCKET = 'mithril-source';
export const STORE_BUCKET = 'mithril-store';

export interface OneMachinePaths {
  readonly objects: string;
  readonly table: string;
}

export function oneMachinePaths(settings: Pick<Settings, 'folder'>): OneMachinePaths {
  if (settings.folder === null) {
    throw new CliError('the one-machine host needs a folder', {
      exitCode: EXIT.usage,
      advice: 'Set folder in mithril.toml, or MITHRIL_FOLDER.',
    });
  }
  return { objects: join(settings.folder, 'objects'), table: join(settings.folder, 'table') };
}
