import { WINDOW_BYTES } from '../../contracts/limits.ts';
import type { Manifest, SizedChecksums } from '../../ports/codec.ts';
import type { ObjectReference } from '../../ports/object-store.ts';
import type { CheckpointContext } from './context.ts';
import { readExactly } from './read-exactly.ts';

export type TargetState = 'absent' | 'equal' | 'different';

type CompareContext = Pick<CheckpointContext, 'objects' | 'codec'>;

const isContentEqual = async (
  context: CompareContext,
  target: ObjectReference,
  manifest: Manifest,
): Promise<boolean> => {
  const parts: SizedChecksums[] = [];
  for (let offset = 0; offset < manifest.bytes; offset += WINDOW_BYTES) {
    const length = Math.min(WINDOW_BYTES, manifest.bytes - offset);
    const read = await readExactly(context.objects, target, { offset, length });
    if (read.kind !== 'read') {
      return false;
    }
    parts.push({ bytes: length, ...(await context.codec.checksums(read.bytes)) });
  }
  return context.codec.combineChecksums(parts).crc64nvme === manifest.crc64nvme;
};

/** What is at the target of a restore already: by S3's checksum of it, else by reading it. */
export const compareTarget = async (
  context: CompareContext,
  target: ObjectReference,
  manifest: Manifest,
): Promise<TargetState> => {
  const found = await context.objects.head(target);
  if (found.kind === 'absent') {
    return 'absent';
  }
  if (found.kind === 'unreadable' || found.head.object.bytes !== manifest.bytes) {
    return 'different';
  }
  const { checksum, object } = found.head;
  // 32 bits of CRC are too few to call foreign bytes equal; only CRC64NVME spares the reading.
  const isEqual =
    checksum?.algorithm === 'crc64nvme'
      ? checksum.value === manifest.crc64nvme
      : await isContentEqual(context, object, manifest);
  return isEqual ? 'equal' : 'different';
};
