import { bucketTask } from '../../shared/app/dedup/stages.ts';
import { dedupTaskInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Bucket: pairs of rows that share a key, in some partitions. */
export const handler = serve(dedupTaskInputSchema, createDedupContext, bucketTask);
