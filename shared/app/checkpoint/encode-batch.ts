import {
  type CheckpointPlan,
  type EncodeResult,
  encodeResultSchema,
  layoutSchema,
  type SegmentProgress,
  segmentProgressSchema,
  type WorkMetrics,
} from '../../contracts/checkpoint-documents.ts';
import { encodeResultKey, segmentProgressKey } from '../../contracts/checkpoint-keys.ts';
import type { EncodeInput, EncodeOutput } from '../../contracts/checkpoint-states.ts';
import { SEGMENT_CONCURRENCY } from '../../contracts/limits.ts';
import { regionsOfLayout, withoutBase } from '../../domain/checkpoint/regions.ts';
import { type Span, segmentSpan } from '../../domain/checkpoint/segments.ts';
import { sumMetrics } from '../../domain/checkpoint/work-metrics.ts';
import type { EncodedSegment } from '../../ports/codec.ts';
import { BaseSource } from './base-source.ts';
import { requireTime, segmentsOf, sourceFailure } from './batch-work.ts';
import { CheckpointFault } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { findDocument, readDocument, settleDocument } from './documents.ts';
import { type LogLine, logUseCase } from './log-use-case.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { startMeter } from './meter.ts';
import { readPlan, runOf } from './plan-documents.ts';
import { readExactly } from './read-exactly.ts';
import { writeSegment } from './write-segment.ts';

type EncodeContext = Pick<
  CheckpointContext,
  'objects' | 'codec' | 'clock' | 'log' | 'remainingMs' | 'settings'
>;

interface Batch {
  readonly input: EncodeInput;
  readonly plan: CheckpointPlan;
  readonly regions: Float64Array;
  readonly base: BaseSource | null;
}

type SegmentOutcome =
  | ({ readonly kind: 'encoded' } & SegmentProgress)
  | Exclude<EncodeResult, { readonly kind: 'encoded' }>;

const encodeRaw = async (
  context: EncodeContext,
  batch: Batch,
  span: Span,
  raw: Buffer,
): Promise<EncodedSegment> => {
  const ranges = batch.base === null ? [] : baseRangesOf(context, batch, span);
  const base = ranges.length === 0 ? null : await batch.base?.read(ranges);
  return context.codec.encodeSegment({
    raw,
    rawOffset: span.offset,
    regions: base === null || base === undefined ? withoutBase(batch.regions) : batch.regions,
    base: base ?? null,
    level: 'default',
    threads: context.settings.threads,
  });
};

const baseRangesOf = (context: EncodeContext, batch: Batch, span: Span): readonly Span[] =>
  context.codec.baseRanges(batch.regions, span.offset, span.length);

const encodeSegment = async (
  context: EncodeContext,
  batch: Batch,
  segment: number,
): Promise<SegmentOutcome> => {
  const { plan, input } = batch;
  const key = segmentProgressKey(runOf(input), segment);
  const known = await findDocument(context, key, segmentProgressSchema);
  if (known !== null) {
    return { kind: 'encoded', ...known };
  }
  requireTime(context, key);
  const meter = startMeter(context);
  const metered = { ...context, objects: meter.objects, codec: meter.codec };
  const span = segmentSpan(segment, plan.object.bytes, plan.segmentBytes);
  const read = await readExactly(meter.objects, plan.object, span);
  if (read.kind !== 'read') {
    return sourceFailure(read);
  }
  const encoded = await encodeRaw(metered, batch, span, read.bytes);
  const record = await writeSegment(metered, input.checkpointId, encoded);
  const progress: SegmentProgress = { segment: record, metrics: meter.read() };
  // Where a twin of this worker was faster, its record is the one that the manifest will name.
  const settled = await settleDocument(context, key, progress, segmentProgressSchema);
  return { kind: 'encoded', ...settled };
};

const joinOutcomes = (outcomes: readonly SegmentOutcome[]): EncodeResult => {
  const segments: SegmentProgress['segment'][] = [];
  const metrics: WorkMetrics[] = [];
  for (const outcome of outcomes) {
    if (outcome.kind !== 'encoded') {
      return outcome;
    }
    segments.push(outcome.segment);
    metrics.push(outcome.metrics);
  }
  return { kind: 'encoded', segments, metrics: sumMetrics(metrics) };
};

const openBatch = async (context: EncodeContext, input: EncodeInput): Promise<Batch> => {
  const plan = await readPlan(context, runOf(input));
  const planned = plan.batches[input.batch];
  if (planned === undefined || planned.segmentFirst !== input.segmentFirst) {
    throw new CheckpointFault('DocumentInvalid', input.checkpointId, {
      message: `the plan has no batch ${input.batch} at segment ${input.segmentFirst}`,
      retryable: false,
    });
  }
  const layout = await readDocument(context, planned.layoutKey, layoutSchema);
  const base = plan.base === null ? null : new BaseSource(context, plan.base);
  return { input, plan, regions: regionsOfLayout(layout), base };
};

const encodeSegments = async (
  context: EncodeContext,
  input: EncodeInput,
  line: LogLine,
): Promise<EncodeResult> => {
  const batch = await openBatch(context, input);
  const outcomes = await mapConcurrently(segmentsOf(input), SEGMENT_CONCURRENCY, (segment) =>
    encodeSegment(context, batch, segment),
  );
  const result = joinOutcomes(outcomes);
  if (result.kind === 'encoded') {
    line['bytesOut'] = result.segments.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    line['codecMs'] = Math.round(result.metrics.codecSeconds * 1_000);
  }
  return result;
};

/**
 * Encodes the segments of one batch. Every segment is recorded as soon as it is stored, so a try
 * after a kill, or after too little time, goes on where the one before it stopped.
 */
export const encodeBatch = (context: EncodeContext, input: EncodeInput): Promise<EncodeOutput> =>
  logUseCase(context, 'encode', { ...input }, async (line) => {
    const key = encodeResultKey(runOf(input), input.batch);
    const known = await findDocument(context, key, encodeResultSchema);
    if (known !== null) {
      return { kind: known.kind, batch: input.batch };
    }
    const result = await encodeSegments(context, input, line);
    const settled = await settleDocument(context, key, result, encodeResultSchema);
    return { kind: settled.kind, batch: input.batch };
  });
