import { commitCheckpoint } from '../../shared/app/checkpoint/commit-checkpoint.ts';
import { commitInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createPipelineContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State Commit: writes the manifest; from then on there is a checkpoint. */
export const handler = serve(commitInputSchema, createPipelineContext, commitCheckpoint);
