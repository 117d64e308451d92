import type {
  ReconcileInput,
  ReconcileOutput,
  StartOutput,
} from '../../contracts/checkpoint-commands.ts';
import { refusalOf } from '../../domain/checkpoint/admission.ts';
import { checkpointIdOf, executionName } from '../../domain/checkpoint/identity.ts';
import type { ListedVersion } from '../../ports/object-store.ts';
import { readRow, type VersionedRow } from './catalogue.ts';
import type { CheckpointContext } from './context.ts';
import { logUseCase } from './log-use-case.ts';
import { startCheckpoint } from './start-checkpoint.ts';
import { sweepSource } from './sweep-source.ts';

type ReconcileContext = Pick<
  CheckpointContext,
  'objects' | 'table' | 'workflow' | 'clock' | 'log' | 'remainingMs' | 'settings'
>;

type Counts = {
  -readonly [Name in Exclude<
    keyof Extract<ReconcileOutput, { kind: 'swept' }>,
    'kind' | 'isComplete'
  >]: number;
};

/** An event is late, not lost, while its object is younger than this. */
const EVENT_DELAY_MS = 15 * 60 * 1_000;

const start = (
  context: ReconcileContext,
  { object }: ListedVersion,
  retryFailed = false,
): Promise<StartOutput> =>
  startCheckpoint(context, {
    bucket: object.bucket,
    key: object.key,
    versionId: object.versionId,
    listed: object,
    retryFailed,
  });

const countStart = (counts: Counts, output: StartOutput, name: 'started' | 'restarted'): void => {
  if (output.kind === 'started') {
    counts[name] += 1;
  } else if (output.kind === 'already') {
    counts.running += 1;
  } else {
    counts.ended += 1;
  }
};

/** A replaced version that was never started is not worth starting; see the ADR on reconcile. */
const visitUnknown = async (
  context: ReconcileContext,
  counts: Counts,
  listed: ListedVersion,
): Promise<void> => {
  if (!listed.isCurrent) {
    counts.skipped += 1;
    return;
  }
  countStart(counts, await start(context, listed), 'started');
  if (context.clock.nowMs() - listed.object.lastModifiedMs > EVENT_DELAY_MS) {
    context.log.count('CheckpointsMissed', 1);
  }
};

const visitStarted = async (
  context: ReconcileContext,
  counts: Counts,
  listed: ListedVersion,
  { row }: VersionedRow,
): Promise<void> => {
  const name = executionName({
    checkpointId: checkpointIdOf(listed.object),
    attempt: row.attempt,
  });
  if ((await context.workflow.status(name)).kind === 'running') {
    counts.running += 1;
    return;
  }
  countStart(counts, await start(context, listed), 'restarted');
};

const visit = async (
  context: ReconcileContext,
  counts: Counts,
  listed: ListedVersion,
  retryFailed: boolean,
): Promise<void> => {
  counts.listed += 1;
  if (refusalOf(context.settings, listed.object.bucket, listed.object.key) !== null) {
    counts.skipped += 1;
    return;
  }
  const found = await readRow(context, checkpointIdOf(listed.object));
  if (found === null) {
    await visitUnknown(context, counts, listed);
  } else if (found.row.state === 'STARTED') {
    await visitStarted(context, counts, listed, found);
  } else if (found.row.state === 'FAILED' && retryFailed) {
    countStart(counts, await start(context, listed, true), 'restarted');
  } else if (found.row.verified === null) {
    counts.ended += 1;
  } else {
    counts.verified += 1;
  }
};

/**
 * Compares what is in the bucket with the catalogue: starts what no event started, also objects
 * older than the deployment, and what failed. It never removes anything, so an empty or cut
 * listing does no harm.
 */
export const reconcileCheckpoints = (
  context: ReconcileContext,
  { from, retryFailed = false }: ReconcileInput,
): Promise<ReconcileOutput> =>
  logUseCase(context, 'reconcile', { from, retryFailed }, async (line) => {
    if (!context.settings.isEnabled) {
      return { kind: 'disabled' };
    }
    const counts: Counts = {
      listed: 0,
      verified: 0,
      running: 0,
      started: 0,
      restarted: 0,
      ended: 0,
      skipped: 0,
    };
    const isComplete = await sweepSource(context, 'reconcile', { from }, (listed) =>
      visit(context, counts, listed, retryFailed),
    );
    Object.assign(line, counts, { isComplete });
    return { kind: 'swept', isComplete, ...counts };
  });
