import type { Container, ContainerProbe } from '../../ports/codec.ts';
import type { ByteRange, ObjectReference } from '../../ports/object-store.ts';
import type { CheckpointContext } from './context.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { readExactly } from './read-exactly.ts';

/** An object whose container is known. */
export interface ProbedObject {
  readonly probe: ContainerProbe;
  readonly container: Container;
}

/** Gives the concatenation of these ranges, or null where they cannot be had. */
export type ReadRanges = (ranges: readonly ByteRange[]) => Promise<Buffer | null>;

/** Reads as much of an object as the codec asks for. Null: the bytes cannot be had. */
export const probeObject = async (
  context: Pick<CheckpointContext, 'codec'>,
  bytes: number,
  readRanges: ReadRanges,
): Promise<ProbedObject | null> => {
  const probe = context.codec.probeContainer(bytes);
  let step = await probe.step(Buffer.alloc(0));
  while (step.kind === 'read') {
    const read = await readRanges(step.ranges);
    if (read === null) {
      return null;
    }
    step = await probe.step(read);
  }
  return { probe, container: step.container };
};

const RANGES_CONCURRENT = 16;

export type RangesResult =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'absent' | 'changed' };

/** The concatenation of ranges of one exact version. */
export const readObjectRanges = async (
  context: Pick<CheckpointContext, 'objects'>,
  reference: ObjectReference,
  ranges: readonly ByteRange[],
): Promise<RangesResult> => {
  const results = await mapConcurrently(ranges, RANGES_CONCURRENT, (range) =>
    readExactly(context.objects, reference, range),
  );
  const pieces: Buffer[] = [];
  for (const result of results) {
    if (result.kind !== 'read') {
      return { kind: result.kind };
    }
    pieces.push(result.bytes);
  }
  return { kind: 'read', bytes: Buffer.concat(pieces) };
};
