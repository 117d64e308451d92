import { z } from 'zod';

/** CloudWatch namespace of our metrics, and the dimension that tells deployments apart. */
export const METRIC_NAMESPACE = 'Mithril';
export const METRIC_DIMENSION = 'service';

/** The dimension's value: the name of the stack. */
export const serviceEnvironmentSchema = z.object({
  MITHRIL_SERVICE: z.string().min(1).default(METRIC_NAMESPACE),
});
