import { readAwsOptions } from '../shared/adapters/aws/client-options.ts';
import { systemClock } from '../shared/adapters/clock/system-clock.ts';
import { openDedupStages } from '../shared/adapters/native/dedup-stages.ts';
import { createS3Client } from '../shared/adapters/s3/create-s3-client.ts';
import { createS3MultipartStore } from '../shared/adapters/s3/s3-multipart-store.ts';
import { createS3ObjectStore } from '../shared/adapters/s3/s3-object-store.ts';
import type { DedupContext } from '../shared/app/dedup/context.ts';
import { dedupEnvironmentSchema } from '../shared/contracts/environment.ts';
import type { RemainingMs } from '../shared/ports/clock.ts';
import { log } from './log.ts';

/** Read once, when the function starts. */
const environment = dedupEnvironmentSchema.parse(process.env);
const s3 = createS3Client(readAwsOptions(process.env));
const { MITHRIL_DEDUP_TASK_BYTES: taskBytes } = environment;
const shared = {
  objects: createS3ObjectStore(s3),
  multipart: createS3MultipartStore(s3),
  clock: systemClock,
  log,
  settings: {
    storeBucket: environment.MITHRIL_STORE_BUCKET,
    limits: taskBytes === undefined ? {} : { taskBytes },
  },
};
let stages: DedupContext['stages'] | null = null;

/** For the states of a dedup job; the functions have the dedup layer. */
export function createDedupContext(remainingMs: RemainingMs): DedupContext {
  stages ??= openDedupStages();
  return { ...shared, stages, remainingMs };
}
