import type { CheckpointPlan, SegmentRecord } from '../../contracts/checkpoint-documents.ts';
import { segmentSpan } from './segments.ts';

/** Hex checksums of raw bytes, with their length, as the codec combines them. */
export interface SegmentChecksums {
  readonly bytes: number;
  readonly crc32: string;
  readonly crc32c: string;
  readonly crc64nvme: string;
}

export const segmentChecksums = (
  plan: Pick<CheckpointPlan, 'object' | 'segmentBytes'>,
  segments: readonly SegmentRecord[],
): readonly SegmentChecksums[] =>
  segments.map(({ crc32, crc32c, crc64nvme }, segment) => ({
    bytes: segmentSpan(segment, plan.object.bytes, plan.segmentBytes).length,
    crc32,
    crc32c,
    crc64nvme,
  }));

const NAME_DEFAULT = 'object';

/** The name a person gave: the last part of the key. It is never used as a path by us. */
export const originalName = (key: string): string => {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return name === '' ? NAME_DEFAULT : name;
};
