import { createHash } from 'node:crypto';
import { type CheckpointId, sha256Schema } from '../../contracts/brands.ts';
import type { SegmentRecord } from '../../contracts/checkpoint-documents.ts';
import { segmentKey } from '../../contracts/checkpoint-keys.ts';
import type { EncodedSegment } from '../../ports/codec.ts';
import type { ObjectReference } from '../../ports/object-store.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { readExactly } from './read-exactly.ts';

type WriteContext = Pick<CheckpointContext, 'objects' | 'settings'>;

const conflict = (key: string, message: string): CheckpointFault =>
  new CheckpointFault('SegmentConflict', key, { message, retryable: false });

/** An earlier try, or a zombie, wrote this key already: it must hold the very same bytes. */
const checkStored = async (
  context: WriteContext,
  reference: ObjectReference,
  encoded: EncodedSegment,
): Promise<void> => {
  const head = await context.objects.head(reference);
  if (head.kind !== 'found') {
    throw new CheckpointFault('DocumentMissing', reference.key, {
      message: 'the segment was reported to exist, but is not there',
      retryable: true,
    });
  }
  if (head.head.object.bytes !== encoded.stored.length) {
    throw conflict(reference.key, `it has ${head.head.object.bytes} bytes`);
  }
  const range = { offset: 0, length: encoded.stored.length };
  const read = await readExactly(context.objects, reference, range);
  if (read.kind !== 'read') {
    throw new CheckpointFault('DocumentMissing', reference.key, {
      message: 'the segment went away while it was compared',
      retryable: true,
    });
  }
  const digest = createHash('sha256').update(read.bytes).digest('hex');
  if (digest !== encoded.sha256) {
    throw conflict(reference.key, `its SHA-256 is ${digest}`);
  }
};

/** Stores a segment at the key of its content, once. */
export const writeSegment = async (
  context: WriteContext,
  id: CheckpointId,
  encoded: EncodedSegment,
): Promise<SegmentRecord> => {
  const sha256 = sha256Schema.parse(encoded.sha256);
  const reference = { bucket: context.settings.storeBucket, key: segmentKey(id, sha256) };
  const written = await context.objects.write(reference, encoded.stored, { ifAbsent: true });
  if (written.kind === 'exists') {
    await checkStored(context, reference, encoded);
  }
  return {
    sha256,
    storedBytes: encoded.stored.length,
    crc32: encoded.crc32,
    crc32c: encoded.crc32c,
    crc64nvme: encoded.crc64nvme,
  };
};
