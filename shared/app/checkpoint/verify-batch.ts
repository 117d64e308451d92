import { sha256Schema } from '../../contracts/brands.ts';
import {
  type CheckpointPlan,
  type VerifyResult,
  verifyResultSchema,
} from '../../contracts/checkpoint-documents.ts';
import { manifestKey, segmentKey, verifyResultKey } from '../../contracts/checkpoint-keys.ts';
import type { VerifyInput, VerifyOutput } from '../../contracts/checkpoint-states.ts';
import { SEGMENT_CONCURRENCY } from '../../contracts/limits.ts';
import { segmentSpan } from '../../domain/checkpoint/segments.ts';
import type { ManifestSegment, SizedChecksums } from '../../ports/codec.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { requireTime, segmentsOf, sourceFailure } from './batch-work.ts';
import { isDamage } from './checkpoint-fault.ts';
import type { CheckpointContext } from './context.ts';
import { type DecodedWindow, decodeWindows } from './decode-range.ts';
import { findDocument, settleDocument } from './documents.ts';
import { logUseCase } from './log-use-case.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { startMeter } from './meter.ts';
import { type OpenCheckpoint, openCheckpoint } from './open-checkpoint.ts';
import { readPlan, runOf } from './plan-documents.ts';
import { readExactly } from './read-exactly.ts';
import { openStoredBytes, readWholeSegment } from './stored-segment.ts';

type VerifyContext = Pick<
  CheckpointContext,
  'objects' | 'codec' | 'clock' | 'log' | 'remainingMs' | 'settings'
>;

interface Subject {
  readonly plan: CheckpointPlan;
  readonly checkpoint: OpenCheckpoint;
}

/** Null: all is as it should be. */
type Finding = Exclude<VerifyResult, { readonly kind: 'verified' }> | null;

const mismatch = (reason: string): Finding => ({ kind: 'mismatch', reason });

/** Only where S3 holds no checksum of the whole original: the bytes themselves are compared. */
const compareWithOriginal = async (
  context: VerifyContext,
  plan: CheckpointPlan,
  window: DecodedWindow,
): Promise<Finding> => {
  const range = { offset: window.offset, length: window.bytes.length };
  const read = await readExactly(context.objects, plan.object, range);
  if (read.kind !== 'read') {
    return sourceFailure(read);
  }
  return read.bytes.equals(window.bytes)
    ? null
    : mismatch(`Decoded bytes at ${range.offset} differ from the original.`);
};

const compareChecksums = (
  context: VerifyContext,
  segment: number,
  record: ManifestSegment,
  parts: readonly SizedChecksums[],
): Finding => {
  const found = context.codec.combineChecksums(parts);
  const isEqual =
    found.crc32 === record.crc32 &&
    found.crc32c === record.crc32c &&
    found.crc64nvme === record.crc64nvme;
  return isEqual ? null : mismatch(`Checksums of segment ${segment} differ after decoding.`);
};

const decodeAndCompare = async (
  context: VerifyContext,
  { plan, checkpoint }: Subject,
  segment: number,
  range: ByteRange,
  record: ManifestSegment,
): Promise<Finding> => {
  const { checkpointId } = checkpoint.stored;
  const key = segmentKey(checkpointId, sha256Schema.parse(record.sha256));
  const reference = { bucket: context.settings.storeBucket, key };
  const stored = await readWholeSegment(context, reference, record);
  const opened = openStoredBytes(context, key, stored);
  const { rawOffset, rawLength } = opened.index;
  if (rawOffset !== range.offset || rawLength !== range.length) {
    return mismatch(`Segment ${segment} holds another range of the original.`);
  }
  const base = checkpoint.base;
  const readBase = base === null ? null : (ranges: readonly ByteRange[]) => base.readRanges(ranges);
  const parts: SizedChecksums[] = [];
  for await (const window of decodeWindows(context, opened, readBase, range)) {
    parts.push({
      bytes: window.bytes.length,
      ...(await context.codec.checksums(window.bytes)),
    });
    const finding =
      plan.checksum === null ? await compareWithOriginal(context, plan, window) : null;
    if (finding !== null) {
      return finding;
    }
  }
  return compareChecksums(context, segment, record, parts);
};

const verifySegment = async (
  context: VerifyContext,
  subject: Subject,
  segment: number,
): Promise<Finding> => {
  requireTime(context, subject.plan.checkpointId);
  const { manifest } = subject.checkpoint.stored;
  const range = segmentSpan(segment, manifest.bytes, manifest.segmentBytes);
  const record = manifest.segments[segment];
  return record === undefined
    ? mismatch(`The manifest has no segment ${segment}.`)
    : decodeAndCompare(context, subject, segment, range, record);
};

/** Damage is a finding about the data; every other error is a fault and says nothing about it. */
const findDamage = async (
  context: VerifyContext,
  input: VerifyInput,
  plan: CheckpointPlan,
): Promise<Finding> => {
  try {
    const checkpoint = await openCheckpoint(context, {
      manifestKey: manifestKey(runOf(input)),
      manifestSha256: input.manifestSha256,
    });
    const findings = await mapConcurrently(segmentsOf(input), SEGMENT_CONCURRENCY, (segment) =>
      verifySegment(context, { plan, checkpoint }, segment),
    );
    return findings.find((finding) => finding !== null) ?? null;
  } catch (error) {
    if (isDamage(error)) {
      return mismatch(error.message);
    }
    throw error;
  }
};

/**
 * Reads back what Encode stored, as a restore would: segments from the store, bases from their
 * compressed form. Wrong or missing bytes are a result (`mismatch`), never retried.
 */
export const verifyBatch = (context: VerifyContext, input: VerifyInput): Promise<VerifyOutput> =>
  logUseCase(context, 'verify', { ...input }, async (line) => {
    const key = verifyResultKey(runOf(input), input.batch);
    const known = await findDocument(context, key, verifyResultSchema);
    if (known !== null) {
      return { kind: known.kind, batch: input.batch };
    }
    const meter = startMeter(context);
    const metered = { ...context, objects: meter.objects, codec: meter.codec };
    const plan = await readPlan(context, runOf(input));
    const finding = await findDamage(metered, input, plan);
    const metrics = meter.read();
    const result: VerifyResult = finding ?? {
      kind: 'verified',
      originalRead: plan.checksum === null,
      metrics,
    };
    line['bytesRead'] = metrics.bytesRead;
    line['codecMs'] = Math.round(metrics.codecSeconds * 1_000);
    line['reason'] = finding === null ? '' : finding.reason;
    const settled = await settleDocument(context, key, result, verifyResultSchema);
    return { kind: settled.kind, batch: input.batch };
  });
