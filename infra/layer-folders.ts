import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName } from './constructs/worker.ts';

export type LayerFolders = Readonly<Record<LayerName, string>>;

/** The addon in each layer, by platform and processor. */
const ADDONS: Readonly<Record<LayerName, (machine: string) => string>> = {
  native: (machine) => `mithril-native/mithril-native.${machine}.node`,
  dedup: (machine) => `mithril-dedup/mithril-dedup.${machine}.node`,
  zstd: (machine) => `zstd-napi/binding.${machine}.node`,
};
const GRAVITON = 'linux-arm64';

/** A layer is not built for where it is to run. */
export class LayerError extends Error {
  override readonly name = 'LayerError';
}

/**
 * The folders of the layers, checked: a deploy runs on Graviton and must not go out without the
 * arm64 builds; the local stack runs the host's builds.
 */
export function findLayers(root: string, target: 'deploy' | 'local'): LayerFolders {
  const find = (name: LayerName): string => findLayer(root, name, target);
  return { native: find('native'), dedup: find('dedup'), zstd: find('zstd') };
}

function findLayer(root: string, name: LayerName, target: 'deploy' | 'local'): string {
  const folder = join(root, 'layers', name, 'dist');
  const isDeploy = target === 'deploy';
  const addon = ADDONS[name](isDeploy ? GRAVITON : `${process.platform}-${process.arch}`);
  if (existsSync(join(folder, 'nodejs', 'node_modules', addon))) return folder;
  const where = isDeploy ? 'deployment on Graviton' : 'local stack';
  const command = isDeploy ? 'npm run build:layers' : 'npm run build:layers -- host';
  throw new LayerError(
    `the ${name} layer lacks ${addon}, which a ${where} needs; build it: ${command}`,
  );
}
