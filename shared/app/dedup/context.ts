import type { DedupLimits } from '../../contracts/dedup-job.ts';
import type { Clock, RemainingMs } from '../../ports/clock.ts';
import type { DedupStages } from '../../ports/dedup-stages.ts';
import type { Log } from '../../ports/log.ts';
import type { MultipartStore, ObjectStore } from '../../ports/object-store.ts';

/** What the stages of a dedup job work with. */
export interface DedupContext {
  readonly objects: ObjectStore;
  readonly multipart: MultipartStore;
  readonly stages: DedupStages;
  readonly clock: Clock;
  readonly log: Log;
  readonly remainingMs: RemainingMs;
  readonly settings: DedupJobSettings;
}

export interface DedupJobSettings {
  /** Bucket of plans, spills and markers. */
  readonly storeBucket: string;
  /** Instead of what suits the inputs; for tests and small machines. */
  readonly limits: Partial<DedupLimits>;
}
