import { gatherDedup } from '../../shared/app/dedup/steps.ts';
import { dedupStepInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Gather: numbers the rows of all spills. */
export const handler = serve(dedupStepInputSchema, createDedupContext, gatherDedup);
