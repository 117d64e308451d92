import { quarantineCheckpoint } from '../../shared/app/checkpoint/quarantine-checkpoint.ts';
import { quarantineInputSchema } from '../../shared/contracts/checkpoint-states.ts';
import { createCatalogueContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State Quarantine: the checkpoint cannot be compressed; the original stays as it is. */
export const handler = serve(quarantineInputSchema, createCatalogueContext, quarantineCheckpoint);
