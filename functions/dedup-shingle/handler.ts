import { shingleTask } from '../../shared/app/dedup/stages.ts';
import { dedupTaskInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Shingle: reads the wanted rows of one task again. */
export const handler = serve(dedupTaskInputSchema, createDedupContext, shingleTask);
