import { reconcileCheckpoints } from '../../shared/app/checkpoint/reconcile-checkpoints.ts';
import { reconcileInputSchema } from '../../shared/contracts/checkpoint-commands.ts';
import { createStartContext } from '../context.ts';
import { serve } from '../serve.ts';

/** Scheduled, and by hand: starts what events missed. */
export const handler = serve(reconcileInputSchema, createStartContext, reconcileCheckpoints);
