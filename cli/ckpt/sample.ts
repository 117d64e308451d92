import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import { type ProbedObject, probeObject } from '../../shared/app/checkpoint/probe-object.ts';
import { type SampleSizes, sampleSpans } from '../../shared/domain/checkpoint/base-choice.ts';
import { bytesMapped, withoutBase } from '../../shared/domain/checkpoint/regions.ts';
import type { BaseBytes, Codec, Container, Regions } from '../../shared/ports/codec.ts';
import type { ByteRange } from '../../shared/ports/object-store.ts';
import { CliError } from '../cli-error.ts';

/** Bytes that can be read by ranges: of a file, or of an object. */
export interface ByteSource {
  readonly name: string;
  readonly bytes: number;
  read(range: ByteRange): Promise<Buffer>;
}

export interface Sampled {
  readonly container: Container;
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
  const found = await probeSource(codec, target);
  const baseFound = base === null ? null : await probeSource(codec, base);
  const regions = await codec.planLayout(found.probe, baseFound?.probe ?? null);
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
  return { container: found.container, samples, mappedBytes: bytesMapped(regions) };
}

export async function probeSource(codec: Codec, source: ByteSource): Promise<ProbedObject> {
  const found = await probeObject({ codec }, source.bytes, (ranges) => readAll(source, ranges));
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
  return { ranges, bytes: await readAll(base, ranges) };
}

async function readAll(source: ByteSource, ranges: readonly ByteRange[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (const range of ranges) pieces.push(await source.read(range));
  return Buffer.concat(pieces);
}

async function storedBytes(
  codec: Codec,
  request: Omit<Parameters<Codec['encodeSegment']>[0], 'level'>,
): Promise<number> {
  return (await codec.encodeSegment({ ...request, level: 'default' })).stored.length;
}
