import type { z } from 'zod';
import { type CheckpointId, checkpointIdSchema } from '../../contracts/brands.ts';
import { BASE_MANIFEST_METADATA, CHECKPOINTS_PREFIX } from '../../contracts/checkpoint-keys.ts';
import { MANIFEST_BYTES_MAX } from '../../contracts/limits.ts';
import { sha256Of } from '../../domain/checkpoint/identity.ts';
import type { Manifest } from '../../ports/codec.ts';
import { CheckpointFault, corruption } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';

/** Where a manifest is, and what it must be. */
export interface ManifestReference {
  readonly manifestKey: string;
  /** Hex SHA-256 of the manifest's bytes. */
  readonly manifestSha256: string;
}

export interface StoredManifest {
  readonly checkpointId: CheckpointId;
  readonly manifest: Manifest;
  /** Manifest of the base, or null for a standalone checkpoint. */
  readonly base: ManifestReference | null;
}

const MANIFEST_KEY = new RegExp(
  `^${CHECKPOINTS_PREFIX}([0-9a-f]{64})/manifest-[0-9]+[.]json$`,
  'u',
);

const idOf = (manifestKey: string): CheckpointId => {
  const parsed: z.ZodSafeParseResult<CheckpointId> = checkpointIdSchema.safeParse(
    MANIFEST_KEY.exec(manifestKey)?.[1],
  );
  if (!parsed.success) {
    throw corruption(manifestKey, 'this is not the key of a manifest');
  }
  return parsed.data;
};

const baseOf = (
  manifestKey: string,
  manifest: Manifest,
  metadata: Readonly<Record<string, string>>,
): ManifestReference | null => {
  if (manifest.base === null) {
    return null;
  }
  const baseKey = metadata[BASE_MANIFEST_METADATA];
  if (manifest.base.manifest === null || baseKey === undefined) {
    throw corruption(manifestKey, 'the manifest names no base in this store');
  }
  return { manifestKey: baseKey, manifestSha256: manifest.base.manifest };
};

/** Reads a manifest and checks it against its digest. Missing or different is a Corruption fault. */
export const openManifest = async (
  context: Pick<CheckpointContext, 'objects' | 'codec' | 'settings'>,
  { manifestKey, manifestSha256 }: ManifestReference,
): Promise<StoredManifest> => {
  const checkpointId = idOf(manifestKey);
  const reference = { bucket: context.settings.storeBucket, key: manifestKey };
  const [head, content] = await Promise.all([
    context.objects.head(reference),
    context.objects.readAll(reference, MANIFEST_BYTES_MAX),
  ]);
  if (head.kind !== 'found' || content.kind !== 'read') {
    throw corruption(manifestKey, 'the manifest is missing');
  }
  if (content.bytes.length !== head.head.object.bytes) {
    throw new CheckpointFault('ShortRead', manifestKey, {
      message: `expected ${head.head.object.bytes} bytes, got ${content.bytes.length}`,
      retryable: true,
    });
  }
  const digest = sha256Of(content.bytes);
  if (digest !== manifestSha256) {
    throw corruption(manifestKey, `the manifest's SHA-256 is ${digest}, not ${manifestSha256}`);
  }
  const manifest = context.codec.readManifest(content.bytes);
  return { checkpointId, manifest, base: baseOf(manifestKey, manifest, head.head.metadata) };
};
