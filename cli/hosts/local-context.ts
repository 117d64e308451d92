import { availableParallelism } from 'node:os';
import { systemClock } from '../../shared/adapters/clock/system-clock.ts';
import { createHumanLog } from '../../shared/adapters/log/human-log.ts';
import type { CheckpointSettings } from '../../shared/app/checkpoint/context.ts';
import {
  BATCH_SEGMENTS_DEFAULT,
  RETIRE_GRACE_HOURS_DEFAULT,
  SEGMENT_BYTES_DEFAULT,
} from '../../shared/contracts/limits.ts';
import type { Session } from '../session.ts';
import type { Settings } from '../settings/settings.ts';

/** Parts of the context that do not depend on where the objects are. */
export function localParts(session: Session) {
  return {
    clock: systemClock,
    log: createHumanLog((line) => session.terminal.detail(line)),
    remainingMs: () => Number.POSITIVE_INFINITY,
  };
}

export function checkpointSettings(
  settings: Settings,
  buckets: { readonly storeBucket: string; readonly sourceBucket: string },
): CheckpointSettings {
  return {
    ...buckets,
    sourcePrefixes: settings.sourcePrefixes,
    keyPattern: settings.keyPattern,
    segmentBytes: SEGMENT_BYTES_DEFAULT,
    batchSegments: BATCH_SEGMENTS_DEFAULT,
    threads: availableParallelism(),
    isEnabled: true,
    retireGraceHours: RETIRE_GRACE_HOURS_DEFAULT,
  };
}
