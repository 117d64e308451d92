import { endCheckpoint } from '../../shared/app/checkpoint/end-checkpoint.ts';
import { endInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createCatalogueContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State End: the original was replaced or deleted while it was worked on. */
export const handler = serve(endInputSchema, createCatalogueContext, endCheckpoint);
