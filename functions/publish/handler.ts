import { publishCheckpoint } from '../../shared/app/checkpoint/publish-checkpoint.ts';
import { publishInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createPipelineContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State Publish: compares the whole object's checksum and sets the row to VERIFIED. */
export const handler = serve(publishInputSchema, createPipelineContext, publishCheckpoint);
