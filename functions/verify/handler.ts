import { verifyBatch } from '../../shared/app/checkpoint/verify-batch.ts';
import { verifyInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createPipelineContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State VerifyBatch: reads back, decodes, compares. */
export const handler = serve(verifyInputSchema, createPipelineContext, verifyBatch);
