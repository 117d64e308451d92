import { planDedup } from '../../shared/app/dedup/plan-job.ts';
import { dedupRequestSchema } from '../../shared/contracts/dedup-job.ts';
import { createDedupContext } from '../dedup-context.ts';
import { serve } from '../serve.ts';

/** State Plan: the inputs, the division of the work, and whose the output is. */
export const handler = serve(dedupRequestSchema, createDedupContext, planDedup);
