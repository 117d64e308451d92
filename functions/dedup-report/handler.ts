import { reportDedup } from '../../shared/app/dedup/report-job.ts';
import { dedupStepInputSchema } from '../../shared/contracts/dedup-states.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Report: checks the counts of every input and writes the totals. */
export const handler = serve(dedupStepInputSchema, createDedupContext, reportDedup);
