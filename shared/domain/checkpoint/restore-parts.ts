import type { CheckpointId, Sha256 } from '../../contracts/brands.ts';
import { PART_BYTES_MIN, PART_COUNT_MAX } from '../../contracts/limits.ts';
import { asciiJson } from './ascii-json.ts';
import { sha256Of } from './identity.ts';
import type { Span } from './segments.ts';

export interface PartPlan {
  readonly partBytes: number;
  readonly partCount: number;
}

/** A part is whole segments: at least 5 MiB, and no more parts than S3 takes. */
export const planParts = (bytes: number, segmentBytes: number): PartPlan => {
  const segmentCount = Math.ceil(bytes / segmentBytes);
  const segments = Math.max(
    1,
    Math.ceil(PART_BYTES_MIN / segmentBytes),
    Math.ceil(segmentCount / PART_COUNT_MAX),
  );
  const partBytes = segments * segmentBytes;
  return { partBytes, partCount: Math.max(1, Math.ceil(bytes / partBytes)) };
};

/** Parts are numbered from 1. */
export const partSpan = (part: number, partBytes: number, bytes: number): Span => {
  const offset = (part - 1) * partBytes;
  return { offset, length: Math.min(partBytes, bytes - offset) };
};

/** Names a restore job. `generation` counts the jobs for the same target that have ended. */
export const restoreIdOf = (
  checkpointId: CheckpointId,
  manifestSha256: Sha256,
  target: { readonly bucket: string; readonly key: string },
  generation: number,
): Sha256 =>
  sha256Of(asciiJson([checkpointId, manifestSha256, target.bucket, target.key, generation]));
