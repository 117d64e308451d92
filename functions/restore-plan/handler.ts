import { planRestore } from '../../shared/app/checkpoint/plan-restore.ts';
import { restoreInputSchema } from '../../shared/contracts/restore-states.ts';
import { createRestoreContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State PlanRestore: lists the parts of a restore. */
export const handler = serve(restoreInputSchema, createRestoreContext, planRestore);
