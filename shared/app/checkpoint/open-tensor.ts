import { WINDOW_BYTES } from '../../contracts/limits.ts';
import type { TensorRecord } from '../../ports/codec.ts';
import type { CheckpointContext } from './context.ts';
import type { OpenCheckpoint } from './open-checkpoint.ts';
import { probeObject } from './probe-object.ts';

/** The tensors of an opened checkpoint; none where it is opaque bytes. */
export const listCheckpointTensors = async (
  context: Pick<CheckpointContext, 'codec'>,
  checkpoint: OpenCheckpoint,
): Promise<readonly TensorRecord[]> => {
  const { manifest } = checkpoint.stored;
  if (manifest.container.kind === 'opaque') {
    return [];
  }
  const found = await probeObject(context, manifest.bytes, (ranges) =>
    checkpoint.readRanges(ranges),
  );
  return found === null ? [] : context.codec.listTensors(found.probe);
};

export type TensorResult =
  | {
      readonly kind: 'found';
      readonly tensor: TensorRecord;
      readonly chunks: AsyncIterable<Buffer>;
    }
  | { readonly kind: 'absent' };

const readChunks = async function* (
  checkpoint: OpenCheckpoint,
  tensor: TensorRecord,
): AsyncGenerator<Buffer> {
  const end = tensor.offset + tensor.length;
  for (let offset = tensor.offset; offset < end; offset += WINDOW_BYTES) {
    yield await checkpoint.read({ offset, length: Math.min(WINDOW_BYTES, end - offset) });
  }
};

/** One tensor by name: only the blocks that hold it are fetched, in chunks of WINDOW_BYTES. */
export const openTensor = async (
  context: Pick<CheckpointContext, 'codec'>,
  checkpoint: OpenCheckpoint,
  name: string,
): Promise<TensorResult> => {
  const tensors = await listCheckpointTensors(context, checkpoint);
  const tensor = tensors.find((candidate) => candidate.name === name);
  return tensor === undefined
    ? { kind: 'absent' }
    : { kind: 'found', tensor, chunks: readChunks(checkpoint, tensor) };
};
