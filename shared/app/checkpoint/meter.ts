import type { WorkMetrics } from '../../contracts/checkpoint-documents.ts';
import type { Codec } from '../../ports/codec.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { CheckpointContext } from './context.ts';

/** The same ports, counting bytes and codec time: what a worker reports as its metrics. */
export interface Meter {
  readonly objects: ObjectStore;
  readonly codec: Codec;
  read(): WorkMetrics;
}

type MeteredContext = Pick<CheckpointContext, 'objects' | 'codec' | 'clock'>;

interface Counts {
  bytesRead: number;
  bytesWritten: number;
  codecSeconds: number;
}

const meterObjects = (objects: ObjectStore, counts: Counts): ObjectStore => ({
  head: (reference) => objects.head(reference),
  read: async (reference, range) => {
    const result = await objects.read(reference, range);
    counts.bytesRead += result.kind === 'read' ? result.bytes.length : 0;
    return result;
  },
  readAll: async (reference, bytesMax) => {
    const result = await objects.readAll(reference, bytesMax);
    counts.bytesRead += result.kind === 'read' ? result.bytes.length : 0;
    return result;
  },
  write: async (target, bytes, options) => {
    const result = await objects.write(target, bytes, options);
    counts.bytesWritten += bytes.length;
    return result;
  },
  listPage: (bucket, prefix, cursor) => objects.listPage(bucket, prefix, cursor),
});

const meterCodec = ({ codec, clock }: MeteredContext, counts: Counts): Codec => ({
  version: codec.version,
  probeContainer: (bytes) => codec.probeContainer(bytes),
  planLayout: (target, base) => codec.planLayout(target, base),
  listTensors: (probe) => codec.listTensors(probe),
  baseRanges: (regions, offset, length) => codec.baseRanges(regions, offset, length),
  encodeSegment: async (request) => {
    const encoded = await codec.encodeSegment(request);
    counts.codecSeconds += encoded.codecSeconds;
    return encoded;
  },
  readIndex: (tail, storedBytes) => codec.readIndex(tail, storedBytes),
  decodeWindow: async (request) => {
    const startSeconds = clock.seconds();
    const bytes = await codec.decodeWindow(request);
    counts.codecSeconds += clock.seconds() - startSeconds;
    return bytes;
  },
  checksums: (bytes) => codec.checksums(bytes),
  combineChecksums: (parts) => codec.combineChecksums(parts),
  writeManifest: (manifest) => codec.writeManifest(manifest),
  readManifest: (bytes) => codec.readManifest(bytes),
});

export const startMeter = (context: MeteredContext): Meter => {
  const counts: Counts = { bytesRead: 0, bytesWritten: 0, codecSeconds: 0 };
  const startSeconds = context.clock.seconds();
  const startCpuSeconds = context.clock.cpuSeconds();
  return {
    objects: meterObjects(context.objects, counts),
    codec: meterCodec(context, counts),
    read: () => ({
      ...counts,
      seconds: Math.max(0, context.clock.seconds() - startSeconds),
      cpuSeconds: Math.max(0, context.clock.cpuSeconds() - startCpuSeconds),
    }),
  };
};
