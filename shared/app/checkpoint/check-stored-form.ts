import { sha256Schema } from '../../contracts/brands.ts';
import { segmentKey } from '../../contracts/checkpoint-keys.ts';
import { isDamage } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { type OpenCheckpoint, openCheckpoint } from './open-checkpoint.ts';
import type { ManifestReference, StoredManifest } from './open-manifest.ts';

type CheckContext = Pick<CheckpointContext, 'objects' | 'codec' | 'settings'>;

const HEADS_CONCURRENT = 16;

const findMissingSegment = async (
  context: CheckContext,
  { checkpointId, manifest }: StoredManifest,
): Promise<string | null> => {
  const findings = await mapConcurrently(manifest.segments, HEADS_CONCURRENT, async (segment) => {
    const key = segmentKey(checkpointId, sha256Schema.parse(segment.sha256));
    const head = await context.objects.head({ bucket: context.settings.storeBucket, key });
    const bytes = head.kind === 'found' ? head.head.object.bytes : null;
    return bytes === segment.storedBytes ? null : key;
  });
  return findings.find((finding) => finding !== null) ?? null;
};

/**
 * Why the compressed form may not be whole, or null: manifests of the whole chain by digest,
 * every segment of the chain by HEAD and length.
 */
export const findDoubt = async (
  context: CheckContext,
  reference: ManifestReference,
): Promise<string | null> => {
  try {
    let checkpoint: OpenCheckpoint | null = await openCheckpoint(context, reference);
    while (checkpoint !== null) {
      const missing = await findMissingSegment(context, checkpoint.stored);
      if (missing !== null) {
        return `A segment is missing or has another length: ${missing}`;
      }
      checkpoint = checkpoint.base;
    }
    return null;
  } catch (error) {
    if (isDamage(error)) {
      return error.message;
    }
    throw error;
  }
};
