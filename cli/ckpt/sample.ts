import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import { type ProbedHead, probeHead } from '../../shared/app/checkpoint/probe-head.ts';
import { type SampleSizes, sampleSpans } from '../../shared/domain/checkpoint/base-choice.ts';
import { bytesMapped, withoutBase } from '../../shared/domain/checkpoint/regions.ts';
import type { BaseBytes, Codec, Regions } from '../../shared/ports/codec.ts';
import type { ByteRange } from '../../shared/ports/object-store.ts';
import { CliError } from '../cli-error.ts';

/** Bytes that can be read by ranges: of a file, or of an object. */
export interface ByteSource {
  readonly name: string;
  readonly bytes: number;
  read(range: ByteRange): Promise<Buffer>;
}

export interface Sampled {
  readonly container: ProbedHead['probe'];
  readonly samples: readonly SampleSizes[];
  /** Bytes of the target that have a counterpart in the base. */
  readonly mappedBytes: number;
}

/** Encodes a few spans of the target, with the base and without; nothing is written. */
export async function sample(
  codec: CheckpointContext['codec'],
  target: ByteSource,
  base: ByteSource | null,
  threads: number,
): Promise<Sampled> {
  const head = await headOf(codec, target);
  const baseHead = base === null ? null : await headOf(codec, base);
  const regions = await codec.planLayout(head.head, baseHead?.head ?? null);
  const samples: SampleSizes[] = [];
  for (const span of sampleSpans(target.bytes)) {
    const raw = await target.read(span);
    const encode = (it: Regions, bytes: BaseBytes | null): Promise<number> =>
      storedBytes(codec, { raw, rawOffset: span.offset, regions: it, base: bytes, threads });
    const standaloneBytes = await encode(withoutBase(regions), null);
    const baseBytes = await readBase(codec, base, regions, span);
    const deltaBytes = baseBytes === null ? standaloneBytes : await encode(regions, baseBytes);
    samples.push({ rawBytes: span.length, standaloneBytes, deltaBytes });
  }
  return { container: head.probe, samples, mappedBytes: bytesMapped(regions) };
}

async function headOf(codec: Codec, source: ByteSource): Promise<ProbedHead> {
  const found = await probeHead({ codec }, source.name, source.bytes, (length) =>
    source.read({ offset: 0, length }),
  );
  if (found === null) throw new CliError(`${source.name} cannot be read`);
  return found;
}

async function readBase(
  codec: Codec,
  base: ByteSource | null,
  regions: Regions,
  span: ByteRange,
): Promise<BaseBytes | null> {
  if (base === null) return null;
  const ranges = codec.baseRanges(regions, span.offset, span.length);
  const pieces: Buffer[] = [];
  for (const range of ranges) pieces.push(await base.read(range));
  return { ranges, bytes: Buffer.concat(pieces) };
}

async function storedBytes(
  codec: Codec,
  request: Omit<Parameters<Codec['encodeSegment']>[0], 'level'>,
): Promise<number> {
  return (await codec.encodeSegment({ ...request, level: 'default' })).stored.length;
}
