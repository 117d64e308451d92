import type { SeriesRow } from '../../contracts/checkpoint-catalogue.ts';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import {
  type BaseVerdict,
  baseReferenceOf,
  judgeSamples,
  keyframe,
  refuseCandidate,
  type SampleSizes,
  sampleSpans,
} from '../../domain/checkpoint/base-choice.ts';
import { bytesMapped, withoutBase } from '../../domain/checkpoint/regions.ts';
import type { Span } from '../../domain/checkpoint/segments.ts';
import { BaseSource } from './base-source.ts';
import { isDamage } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { type ProbedObject, probeObject } from './probe-object.ts';
import { readExactly } from './read-exactly.ts';

type ChooseContext = Pick<CheckpointContext, 'objects' | 'codec' | 'settings'>;

export interface ChosenBase {
  readonly verdict: BaseVerdict;
  readonly regions: Float64Array;
  /** Null where no sample was encoded. */
  readonly samples: SampleSizes | null;
}

const encodedBytes = async (
  context: ChooseContext,
  raw: Buffer,
  offset: number,
  regions: Float64Array,
  base: Awaited<ReturnType<BaseSource['read']>>,
): Promise<number> => {
  const encoded = await context.codec.encodeSegment({
    raw,
    rawOffset: offset,
    regions: base === null ? withoutBase(regions) : regions,
    base,
    level: 'default',
    threads: context.settings.threads,
  });
  return encoded.stored.length;
};

/** Null: the object, or its base, cannot be read. */
const encodeSample = async (
  context: ChooseContext,
  object: ObjectVersion,
  regions: Float64Array,
  source: BaseSource | null,
  span: Span,
): Promise<SampleSizes | null> => {
  const read = await readExactly(context.objects, object, span);
  const base = await source?.read(context.codec.baseRanges(regions, span.offset, span.length));
  if (read.kind !== 'read' || base === null) {
    return null;
  }
  const standaloneBytes = await encodedBytes(context, read.bytes, span.offset, regions, null);
  const deltaBytes =
    base === undefined
      ? standaloneBytes
      : await encodedBytes(context, read.bytes, span.offset, regions, base);
  return { rawBytes: span.length, deltaBytes, standaloneBytes };
};

/** Encodes up to SAMPLE_COUNT_MAX samples, with the base and without. */
export const encodeSamples = async (
  context: ChooseContext,
  object: ObjectVersion,
  regions: Float64Array,
  source: BaseSource | null,
): Promise<readonly SampleSizes[] | null> => {
  const samples: SampleSizes[] = [];
  for (const span of sampleSpans(object.bytes)) {
    const sample = await encodeSample(context, object, regions, source, span);
    if (sample === null) {
      return null;
    }
    samples.push(sample);
  }
  return samples;
};

export const sumSamples = (samples: readonly SampleSizes[]): SampleSizes => ({
  rawBytes: samples.reduce((sum, sample) => sum + sample.rawBytes, 0),
  deltaBytes: samples.reduce((sum, sample) => sum + sample.deltaBytes, 0),
  standaloneBytes: samples.reduce((sum, sample) => sum + sample.standaloneBytes, 0),
});

/** A chain that cannot be opened now cannot be restored later. */
const isChainWhole = async (context: ChooseContext, candidate: SeriesRow): Promise<boolean> => {
  try {
    await openCheckpoint(context, candidate.verified);
    return true;
  } catch (error) {
    if (isDamage(error)) {
      return false;
    }
    throw error;
  }
};

const tryCandidate = async (
  context: ChooseContext,
  object: ObjectVersion,
  target: ProbedObject,
  candidate: SeriesRow,
): Promise<ChosenBase | BaseVerdict> => {
  if (!(await isChainWhole(context, candidate))) {
    return keyframe(`The compressed form of step ${candidate.step} is damaged.`);
  }
  const source = new BaseSource(context, baseReferenceOf(candidate));
  const base = await probeObject(
    context,
    candidate.object.bytes,
    async (ranges) => (await source.read(ranges))?.bytes ?? null,
  );
  if (base === null) {
    return keyframe(`Neither form of step ${candidate.step} can be read.`);
  }
  const regions = await context.codec.planLayout(target.probe, base.probe);
  if (bytesMapped(regions) === 0) {
    return keyframe(`Nothing in step ${candidate.step} has the same names, types and sizes.`);
  }
  const samples = await encodeSamples(context, object, regions, source);
  if (samples === null) {
    return keyframe(`Step ${candidate.step} could not be read for samples.`);
  }
  const sizes = sumSamples(samples);
  return { verdict: judgeSamples(candidate, object.bytes, sizes), regions, samples: sizes };
};

/** Decides between a delta to `candidate` and a keyframe, and gives the regions for it. */
export const chooseBase = async (
  context: ChooseContext,
  object: ObjectVersion,
  target: ProbedObject,
  candidate: SeriesRow | null,
): Promise<ChosenBase> => {
  const refused = refuseCandidate(candidate);
  const tried =
    refused ??
    (candidate === null
      ? keyframe('No earlier checkpoint of this series is verified.')
      : await tryCandidate(context, object, target, candidate));
  if ('verdict' in tried && tried.verdict.kind === 'delta') {
    return tried;
  }
  const regions = await context.codec.planLayout(target.probe, null);
  return 'verdict' in tried ? { ...tried, regions } : { verdict: tried, regions, samples: null };
};
