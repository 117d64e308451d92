import { Architecture, Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { MithrilConfig } from '../config-schema.ts';
import type { LayerFolders } from '../layer-folders.ts';
import type { WorkerPlatform } from './worker.ts';

export interface PlatformProps {
  readonly config: MithrilConfig;
  /** Bundles: `<folder>/<function>/index.mjs` and their chunks (infra/functions-bundle.ts). */
  readonly functionsFolder: string;
  /** `layers/<name>/dist` (infra/layer-folders.ts). */
  readonly layerFolders: LayerFolders;
  /** The kill switch: "on" or "off", or a parameter that says so. */
  readonly enabled?: string;
}

/** Layers and settings that all functions share. */
export function createPlatform(scope: Construct, props: PlatformProps): WorkerPlatform {
  const createLayer = (id: string, folder: string, description: string) =>
    new LayerVersion(scope, id, {
      code: Code.fromAsset(folder),
      description,
      compatibleArchitectures: [Architecture.ARM_64, Architecture.X86_64],
    });
  const { native, dedup, zstd } = props.layerFolders;
  return {
    functionsFolder: props.functionsFolder,
    layers: {
      native: createLayer('NativeLayer', native, 'Mithril checkpoint codec'),
      dedup: createLayer('DedupLayer', dedup, 'Mithril deduplication'),
      zstd: createLayer('ZstdLayer', zstd, 'zstd for plans and layouts'),
    },
    logRetention: props.config.logRetentionDays,
    enabled: props.enabled ?? 'on',
  };
}
