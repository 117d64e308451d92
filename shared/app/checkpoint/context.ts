import type { Clock, RemainingMs } from '../../ports/clock.ts';
import type { Codec } from '../../ports/codec.ts';
import type { EntryTable } from '../../ports/entry-table.ts';
import type { Log } from '../../ports/log.ts';
import type { MultipartStore, ObjectStore, VersionRetirer } from '../../ports/object-store.ts';
import type { Workflow } from '../../ports/workflow.ts';

/** What the use cases work with. Each takes the part it needs: `Pick<CheckpointContext, ...>`. */
export interface CheckpointContext {
  readonly objects: ObjectStore;
  readonly table: EntryTable;
  readonly codec: Codec;
  readonly workflow: Workflow;
  readonly multipart: MultipartStore;
  readonly retirer: VersionRetirer;
  readonly clock: Clock;
  readonly log: Log;
  readonly remainingMs: RemainingMs;
  readonly settings: CheckpointSettings;
}

export interface CheckpointSettings {
  /** Bucket of segments, manifests and work documents. */
  readonly storeBucket: string;
  /** Bucket and prefixes whose uploads are compressed; no prefix = none opted in. */
  readonly sourceBucket: string;
  readonly sourcePrefixes: readonly string[];
  /** Regular expression with the named groups run, step and name. */
  readonly keyPattern: string;
  readonly segmentBytes: number;
  readonly batchSegments: number;
  /** Codec threads a worker uses: 1 below 2 vCPU. */
  readonly threads: number;
  readonly isEnabled: boolean;
  readonly retireGraceHours: number;
}
