import { filterTask } from '../../shared/app/dedup/stages.ts';
import { dedupTaskInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Filter: writes what is kept of one input. */
export const handler = serve(dedupTaskInputSchema, createDedupContext, filterTask);
