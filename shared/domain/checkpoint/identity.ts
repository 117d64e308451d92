import { createHash } from 'node:crypto';
import {
  type CheckpointId,
  checkpointIdSchema,
  type Sha256,
  sha256Schema,
} from '../../contracts/brands.ts';
import type { Run } from '../../contracts/checkpoint-keys.ts';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import { asciiJson } from './ascii-json.ts';

const MS_PER_SECOND = 1_000;

export const sha256Of = (bytes: Uint8Array | string): Sha256 =>
  sha256Schema.parse(createHash('sha256').update(bytes).digest('hex'));

/** HEAD gives whole seconds, listings may give milliseconds: both must name the same checkpoint. */
const modifiedSecond = (object: ObjectVersion): number =>
  Math.floor(object.lastModifiedMs / MS_PER_SECOND) * MS_PER_SECOND;

/**
 * Names one object version. Only what HEAD and a listing both tell goes in (docs/adr/
 * 0005-identity-of-an-object-version.md), so that events and reconcile agree on the name.
 */
export const checkpointIdOf = (object: ObjectVersion): CheckpointId =>
  checkpointIdSchema.parse(
    sha256Of(
      asciiJson([
        object.bucket,
        object.key,
        object.versionId,
        object.bytes,
        object.etag,
        object.versionId === null ? modifiedSecond(object) : null,
      ]),
    ),
  );

export const isSameVersion = (one: ObjectVersion, other: ObjectVersion): boolean =>
  checkpointIdOf(one) === checkpointIdOf(other);

/** Name of the execution of one attempt: at most 69 of the 80 characters that are allowed. */
export const executionName = (run: Run): string => `${run.checkpointId}-${run.attempt}`;
