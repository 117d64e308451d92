import { finishRestore } from '../../shared/app/checkpoint/finish-restore.ts';
import { restoreFinishInputSchema } from '../../shared/contracts/restore-states.ts';
import { createRestoreContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State FinishRestore: completes the upload, or says why not. */
export const handler = serve(restoreFinishInputSchema, createRestoreContext, finishRestore);
