import type { DedupRuns, RunProgress, RunWatch } from '../../ports/dedup.ts';
import { loadNativeDedup } from './load-native.ts';
import type { DedupJob, NativeDedup } from './native-dedup.ts';

/** The native side counts without calling back; the count is looked at this often. */
const PROGRESS_INTERVAL_MS = 100;

/** Deduplication on this machine, by the native code. */
export function openDedupRuns(native: NativeDedup = loadNativeDedup()): DedupRuns {
  const watched = <Result>(watch: RunWatch, work: (job: DedupJob) => Promise<Result>) =>
    runWatched(new native.DedupJob(), watch, work);
  return {
    run: (options, watch) => watched(watch, (job) => job.run(options)),
    estimate: (options, watch) => watched(watch, (job) => job.estimate(options)),
    planBloom: (options, error, watch) => watched(watch, (job) => job.planBloom(options, error)),
    explainBands: (settings) => native.explainBands(settings),
  };
}

interface WatchedJob {
  readonly progress: RunProgress;
  cancel(): void;
}

/** Reports progress and stops on a signal; a stopped job ends with the code `Cancelled`. */
export async function runWatched<Job extends WatchedJob, Result>(
  job: Job,
  { onProgress, signal }: RunWatch,
  work: (job: Job) => Promise<Result>,
): Promise<Result> {
  const cancel = (): void => job.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) job.cancel();
  const timer = setInterval(() => onProgress?.(job.progress), PROGRESS_INTERVAL_MS);
  try {
    return await work(job);
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', cancel);
  }
}
