import { retireOriginals } from '../../shared/app/checkpoint/retire-originals.ts';
import { sweepInputSchema } from '../../shared/contracts/checkpoint-commands.ts';
import { createRetireContext } from '../context.ts';
import { serve } from '../serve.ts';

/** Scheduled, opt-in: deletes exact versions of verified originals after the grace period. */
export const handler = serve(sweepInputSchema, createRetireContext, retireOriginals);
