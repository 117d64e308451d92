import type {
  ByteRange,
  ObjectReference,
  ObjectStore,
  ReadResult,
} from '../../ports/object-store.ts';
import { CheckpointFault } from './checkpoint-fault.ts';

const EMPTY: ReadResult = { kind: 'read', bytes: Buffer.alloc(0) };

/** `ObjectStore.read` whose promise of the exact length is checked; nothing is asked for 0 bytes. */
export const readExactly = async (
  objects: Pick<ObjectStore, 'read'>,
  reference: ObjectReference,
  range: ByteRange,
): Promise<ReadResult> => {
  if (range.length === 0) {
    return EMPTY;
  }
  const result = await objects.read(reference, range);
  if (result.kind === 'read' && result.bytes.length !== range.length) {
    throw new CheckpointFault('ShortRead', reference.key, {
      message: `expected ${range.length} bytes at ${range.offset}, got ${result.bytes.length}`,
      retryable: true,
    });
  }
  return result;
};
