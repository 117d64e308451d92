import { hashTask } from '../../shared/app/dedup/stages.ts';
import { dedupTaskInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Hash: reads every row of one task once. */
export const handler = serve(dedupTaskInputSchema, createDedupContext, hashTask);
