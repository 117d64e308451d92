import { stitchDedup } from '../../shared/app/dedup/steps.ts';
import { dedupStepInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Stitch: packs what hangs together into bins. */
export const handler = serve(dedupStepInputSchema, createDedupContext, stitchDedup);
