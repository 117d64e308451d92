import { planCheckpoint } from '../../shared/app/checkpoint/plan-checkpoint.ts';
import { planInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createPipelineContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State Plan: the base, the segments and the batches of one attempt. */
export const handler = serve(planInputSchema, createPipelineContext, planCheckpoint);
