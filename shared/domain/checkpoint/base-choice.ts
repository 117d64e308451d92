import type { SeriesRow } from '../../contracts/checkpoint-catalogue.ts';
import type { BaseReference } from '../../contracts/checkpoint-documents.ts';
import {
  CHAIN_DEPTH_MAX,
  DELTA_GAIN_MIN,
  RESTORE_READ_FACTOR_MAX,
  SAMPLE_BYTES_MAX,
  SAMPLE_COUNT_MAX,
} from '../../contracts/limits.ts';
import type { Span } from './segments.ts';

export type BaseVerdict =
  | { readonly kind: 'delta'; readonly base: BaseReference; readonly reason: string }
  | { readonly kind: 'keyframe'; readonly reason: string };

export const keyframe = (reason: string): BaseVerdict => ({ kind: 'keyframe', reason });

export const baseReferenceOf = (row: SeriesRow): BaseReference => ({
  checkpointId: row.checkpointId,
  manifestKey: row.verified.manifestKey,
  manifestSha256: row.verified.manifestSha256,
  object: row.object,
  depth: row.verified.depth,
});

/** What can be decided before any byte is read: null means "try it". */
export const refuseCandidate = (candidate: SeriesRow | null): BaseVerdict | null => {
  if (candidate === null) {
    return keyframe('No earlier checkpoint of this series is verified.');
  }
  if (candidate.verified.depth + 1 > CHAIN_DEPTH_MAX) {
    return keyframe(
      `The chain of bases is ${candidate.verified.depth} deep; ${CHAIN_DEPTH_MAX} is the limit.`,
    );
  }
  return null;
};

/** Stored bytes of the same samples, encoded with and without the base. */
export interface SampleSizes {
  readonly rawBytes: number;
  readonly deltaBytes: number;
  readonly standaloneBytes: number;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

export const judgeSamples = (
  candidate: SeriesRow,
  objectBytes: number,
  samples: SampleSizes,
): BaseVerdict => {
  const gain = 1 - samples.deltaBytes / Math.max(1, samples.standaloneBytes);
  if (gain < DELTA_GAIN_MIN) {
    return keyframe(
      `Step ${candidate.step} would save ${percent(gain)} on samples, below ${percent(DELTA_GAIN_MIN)}.`,
    );
  }
  const ownBytes = objectBytes * (samples.deltaBytes / Math.max(1, samples.rawBytes));
  if (candidate.verified.chainStoredBytes + ownBytes > RESTORE_READ_FACTOR_MAX * objectBytes) {
    return keyframe(
      `A restore through step ${candidate.step} would read more than ${RESTORE_READ_FACTOR_MAX}x the size.`,
    );
  }
  return {
    kind: 'delta',
    base: baseReferenceOf(candidate),
    reason: `Step ${candidate.step} saves ${percent(gain)} on samples.`,
  };
};

const SAMPLE_ALIGNMENT_BYTES = 4_096;

/** Evenly spread, never overlapping, in order; the whole object where it is small. */
export const sampleSpans = (objectBytes: number): readonly Span[] => {
  const count = Math.min(SAMPLE_COUNT_MAX, Math.ceil(objectBytes / SAMPLE_BYTES_MAX));
  const stride = Math.floor(objectBytes / Math.max(1, count));
  return Array.from({ length: count }, (_, index) => {
    const offset = Math.floor((index * stride) / SAMPLE_ALIGNMENT_BYTES) * SAMPLE_ALIGNMENT_BYTES;
    return { offset, length: Math.min(SAMPLE_BYTES_MAX, stride, objectBytes - offset) };
  });
};
