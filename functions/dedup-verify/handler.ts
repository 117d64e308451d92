import { verifyTask } from '../../shared/app/dedup/stages.ts';
import { dedupTaskInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Verify: compares the pairs of one bin exactly, and decides. */
export const handler = serve(dedupTaskInputSchema, createDedupContext, verifyTask);
