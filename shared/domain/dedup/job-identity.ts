import type { Sha256 } from '../../contracts/brands.ts';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import type { DedupRequest } from '../../contracts/dedup-job.ts';
import { asciiJson } from '../checkpoint/ascii-json.ts';
import { checkpointIdOf, sha256Of } from '../checkpoint/identity.ts';

/**
 * Raised with every change of what stages write: the work of one version is not gone on with by
 * another.
 */
const JOB_VERSION = 1;

/** A job is what is asked for and the exact versions of its inputs: the same again goes on. */
export const dedupJobIdOf = (
  request: DedupRequest,
  inputs: readonly { readonly name: string; readonly object: ObjectVersion }[],
): Sha256 =>
  sha256Of(
    asciiJson([
      JOB_VERSION,
      request,
      inputs.map(({ name, object }) => [name, checkpointIdOf(object)]),
    ]),
  );

/** Name of the execution of one attempt. */
export const dedupExecutionName = (jobId: Sha256, attempt: number): string =>
  `dedup-${jobId}-${attempt}`;
