import { existsSync } from 'node:fs';
import { join } from 'node:path';

const MODULE = 'nodejs/node_modules/mithril-native';
const DEPLOY_ADDON = `${MODULE}/mithril-native.linux-arm64.node`;

/** The native codec is not built for where it is to run. */
export class LayerError extends Error {
  override readonly name = 'LayerError';
}

/**
 * The folder of the native layer, checked: a deploy runs on Graviton and must not go out without
 * the arm64 build; the local stack runs the host's build.
 */
export function findNativeLayer(root: string, target: 'deploy' | 'local'): string {
  const folder = join(root, 'layers', 'native', 'dist');
  const required = target === 'deploy' ? DEPLOY_ADDON : localAddon();
  if (existsSync(join(folder, required))) return folder;
  const command = target === 'deploy' ? 'npm run build:layers' : 'npm run build:layers -- host';
  throw new LayerError(
    `the native layer lacks ${required.slice(MODULE.length + 1)}, which a ` +
      `${target === 'deploy' ? 'deployment on Graviton' : 'local stack'} needs; build it: ${command}`,
  );
}

const localAddon = (): string =>
  `${MODULE}/mithril-native.${process.platform}-${process.arch}.node`;
