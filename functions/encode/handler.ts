import { encodeBatch } from '../../shared/app/checkpoint/encode-batch.ts';
import { encodeInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createPipelineContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State EncodeBatch: compresses the segments of one batch. */
export const handler = serve(encodeInputSchema, createPipelineContext, encodeBatch);
