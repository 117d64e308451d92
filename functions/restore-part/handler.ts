import { restorePart } from '../../shared/app/checkpoint/restore-part.ts';
import { restorePartInputSchema } from '../../shared/contracts/restore-states.ts';
import { createRestoreContext } from '../context.ts';
import { serve } from '../serve.ts';

/** State RestoreBatch: decodes and uploads one part. */
export const handler = serve(restorePartInputSchema, createRestoreContext, restorePart);
