import type { CheckpointPlan } from '../../contracts/checkpoint-documents.ts';
import { HEAD_PROBE_BYTES, HEADER_BYTES_MAX } from '../../contracts/limits.ts';
import type { ContainerProbe, ObjectHeadBytes } from '../../ports/codec.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';

/** The head of an object, long enough for its container to be known. */
export interface ProbedHead {
  readonly head: ObjectHeadBytes;
  readonly probe: Exclude<ContainerProbe, { readonly kind: 'need-more' }>;
}

/** Gives the first `length` bytes, or null where they cannot be had. */
export type ReadHead = (length: number) => Promise<Buffer | null>;

const PROBES_MAX = 4;
/** The length of a safetensors header stands in the eight bytes before it. */
const HEAD_BYTES_MAX = HEADER_BYTES_MAX + 8;

/** Reads as much of the head as the codec asks for. Null: the bytes cannot be had. */
export const probeHead = async (
  context: Pick<CheckpointContext, 'codec'>,
  subject: string,
  bytes: number,
  readHead: ReadHead,
): Promise<ProbedHead | null> => {
  let length = Math.min(bytes, HEAD_PROBE_BYTES);
  for (let probes = 0; probes < PROBES_MAX; probes += 1) {
    const head = await readHead(length);
    if (head === null) {
      return null;
    }
    const probe = await context.codec.probeContainer({ head, bytes });
    if (probe.kind !== 'need-more') {
      return { head: { head, bytes }, probe };
    }
    length = Math.min(bytes, HEAD_BYTES_MAX, probe.bytes);
  }
  throw new CheckpointFault('InputUnsupported', subject, {
    message: `the codec asked for more than ${PROBES_MAX} heads`,
    retryable: false,
  });
};

/** Sentences about hostile input may be long; plans and manifests are bounded. */
const REASON_LENGTH_MAX = 500;

export const containerOf = (probe: ProbedHead['probe']): CheckpointPlan['container'] =>
  probe.kind === 'safetensors'
    ? { kind: 'safetensors', headerBytes: probe.headerBytes, reason: '' }
    : { kind: 'opaque', headerBytes: 0, reason: probe.reason.slice(0, REASON_LENGTH_MAX) };
