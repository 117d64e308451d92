import { z } from 'zod';
import { readAwsOptions } from '../shared/adapters/aws/client-options.ts';
import { systemClock } from '../shared/adapters/clock/system-clock.ts';
import { createDynamoDbClient } from '../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import { createNativeCodec } from '../shared/adapters/native/native-codec.ts';
import { createS3Client } from '../shared/adapters/s3/create-s3-client.ts';
import { createS3MultipartStore } from '../shared/adapters/s3/s3-multipart-store.ts';
import { createS3ObjectStore } from '../shared/adapters/s3/s3-object-store.ts';
import { createS3VersionRetirer } from '../shared/adapters/s3/s3-version-retirer.ts';
import { createSfnClient } from '../shared/adapters/sfn/create-sfn-client.ts';
import { createSfnWorkflow } from '../shared/adapters/sfn/sfn-workflow.ts';
import { withCompressedDocuments } from '../shared/adapters/zstd/compressed-documents.ts';
import { createZstdCompressor } from '../shared/adapters/zstd/zstd-compressor.ts';
import type { CheckpointSettings } from '../shared/app/checkpoint/context.ts';
import { isCompressedDocument } from '../shared/contracts/checkpoint-keys.ts';
import {
  planEnvironmentSchema,
  retireEnvironmentSchema,
  sourceEnvironmentSchema,
  storeEnvironmentSchema,
  switchEnvironmentSchema,
  workflowEnvironmentSchema,
} from '../shared/contracts/environment.ts';
import { LAMBDA_MIB_PER_VCPU } from '../shared/contracts/limits.ts';
import type { RemainingMs } from '../shared/ports/clock.ts';
import type { Workflow } from '../shared/ports/workflow.ts';
import { log } from './log.ts';

const environmentSchema = z.object({
  ...storeEnvironmentSchema.shape,
  ...sourceEnvironmentSchema.shape,
  ...planEnvironmentSchema.shape,
  ...switchEnvironmentSchema.shape,
  ...retireEnvironmentSchema.shape,
  ...workflowEnvironmentSchema.partial().shape,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().int().default(LAMBDA_MIB_PER_VCPU),
});

/** Read once, when the function starts. */
const environment = environmentSchema.parse(process.env);
const awsOptions = readAwsOptions(process.env);
const s3 = createS3Client(awsOptions);
const objects = createS3ObjectStore(s3);
const documents = withCompressedDocuments(objects, createZstdCompressor(), isCompressedDocument);
const table = createDynamoDbEntryTable(createDynamoDbClient(awsOptions), {
  tableName: environment.MITHRIL_TABLE,
});

const { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memoryMib } = environment;
const settings: CheckpointSettings = {
  storeBucket: environment.MITHRIL_STORE_BUCKET,
  sourceBucket: environment.MITHRIL_SOURCE_BUCKET,
  sourcePrefixes: environment.MITHRIL_SOURCE_PREFIXES,
  keyPattern: environment.MITHRIL_KEY_PATTERN,
  segmentBytes: environment.MITHRIL_SEGMENT_BYTES,
  batchSegments: environment.MITHRIL_BATCH_SEGMENTS,
  threads: Math.max(1, Math.floor(memoryMib / LAMBDA_MIB_PER_VCPU)),
  isEnabled: environment.MITHRIL_ENABLED === 'on',
  retireGraceHours: environment.MITHRIL_RETIRE_GRACE_HOURS,
};

/** For functions that only work on the catalogue. */
export const createCatalogueContext = (remainingMs: RemainingMs) => ({
  objects,
  table,
  clock: systemClock,
  log,
  settings,
  remainingMs,
});

/** For functions that start executions. */
export const createStartContext = (remainingMs: RemainingMs) => ({
  ...createCatalogueContext(remainingMs),
  workflow: startWorkflow(),
});

/** For functions that read or write compressed bytes; they have the native layer. */
const createCodecContext = (remainingMs: RemainingMs) => ({
  ...createCatalogueContext(remainingMs),
  codec: createNativeCodec(),
});

/** For the states of the pipeline that work by the plan; they have the zstd layer, too. */
export const createPipelineContext = (remainingMs: RemainingMs) => ({
  ...createCodecContext(remainingMs),
  objects: documents,
});

export const createRestoreContext = (remainingMs: RemainingMs) => ({
  ...createCodecContext(remainingMs),
  multipart: createS3MultipartStore(s3),
});

export const createRetireContext = (remainingMs: RemainingMs) => ({
  ...createCodecContext(remainingMs),
  retirer: createS3VersionRetirer(s3),
});

let workflow: Workflow | null = null;

/** Made once, by the first call of a function that starts executions. */
function startWorkflow(): Workflow {
  const { MITHRIL_STATE_MACHINE_ARN: arn } = workflowEnvironmentSchema.parse(environment);
  workflow ??= createSfnWorkflow(createSfnClient(awsOptions), arn);
  return workflow;
}
