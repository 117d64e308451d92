import type { DedupJobOptions, DedupRuns } from '../../shared/ports/dedup.ts';
import type { Session } from '../session.ts';
import { watched } from './failures.ts';
import type { DedupOptions } from './options.ts';

/** Before a run with Bloom filters their error is computed and said. */
export async function withBloom(
  session: Session,
  runs: DedupRuns,
  job: DedupJobOptions,
  { index, bloomError }: DedupOptions,
): Promise<DedupJobOptions> {
  if (index !== 'lshbloom') return job;
  const wanted = bloomError ?? BLOOM_ERROR;
  const plan = await watched(session, (watch) => runs.planBloom(job, wanted, watch));
  session.terminal.note(`LSHBloom: ${plan.text}`);
  const { documents: bloomDocuments } = plan;
  const settings = { ...job.settings, method: index, bloomDocuments, bloomError: wanted };
  return { ...job, settings };
}

const BLOOM_ERROR = 0.001;

/** More rows than were estimated make an error larger than the one that was said. */
export function warnOfFilters(session: Session, error = 0, planned = 1): void {
  if (error <= planned) return;
  const shares = `${error.toExponential(2)} instead of ${planned.toExponential(2)}`;
  session.terminal.warn(`The filters were too small for so many rows: their error is ${shares}`);
}
