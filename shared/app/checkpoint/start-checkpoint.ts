import type { CheckpointId } from '../../contracts/brands.ts';
import type { CheckpointRow } from '../../contracts/checkpoint-catalogue.ts';
import type { StartInput, StartOutput } from '../../contracts/checkpoint-commands.ts';
import type { ObjectVersion } from '../../contracts/checkpoint-object.ts';
import type { PlanInput } from '../../contracts/checkpoint-states.ts';
import { refusalOf } from '../../domain/checkpoint/admission.ts';
import { judgeAttempt } from '../../domain/checkpoint/attempt.ts';
import { checkpointIdOf, executionName } from '../../domain/checkpoint/identity.ts';
import { placeInSeries } from '../../domain/checkpoint/series.ts';
import { readRow, type VersionedRow, withoutContention, writeRow } from './catalogue.ts';
import type { CheckpointContext } from './context.ts';
import { logUseCase } from './log-use-case.ts';

type StartContext = Pick<
  CheckpointContext,
  'objects' | 'table' | 'workflow' | 'clock' | 'log' | 'settings'
>;

/** The row of an object version nobody has seen before. */
const firstRow = (
  context: StartContext,
  object: ObjectVersion,
  metadata: Readonly<Record<string, string>>,
): CheckpointRow => {
  const nowMs = context.clock.nowMs();
  const place = placeInSeries(object, metadata, context.settings.keyPattern);
  return {
    ...place,
    object,
    state: 'STARTED',
    attempt: 1,
    startedMs: nowMs,
    updatedMs: nowMs,
    reason: '',
    verified: null,
  };
};

/** Nothing can be read of it, so there is nothing to run; the row tells `status` why. */
const quarantineListed = async (
  context: StartContext,
  listed: ObjectVersion,
  reason: string,
): Promise<StartOutput> => {
  const checkpointId = checkpointIdOf(listed);
  const row = { ...firstRow(context, listed, {}), state: 'QUARANTINED' as const, reason };
  const result = await writeRow(context, checkpointId, row, 'absent');
  if (result.kind === 'written') {
    context.log.count('CheckpointsQuarantined', 1);
  }
  return { kind: 'failed', checkpointId, attempt: 1, state: row.state, reason };
};

/** Claims the row, or finds the one that is there. */
const claim = async (
  context: StartContext,
  id: CheckpointId,
  row: CheckpointRow,
): Promise<VersionedRow | null> => {
  const found = await readRow(context, id);
  if (found !== null) {
    return found;
  }
  const result = await writeRow(context, id, row, 'absent');
  return result.kind === 'written' ? { row, version: 1 } : null;
};

const answerFor = (id: CheckpointId, row: CheckpointRow): StartOutput => {
  const run = { checkpointId: id, attempt: row.attempt, state: row.state };
  return row.state === 'FAILED'
    ? { kind: 'failed', ...run, reason: row.reason }
    : { kind: 'already', ...run };
};

const nextAttempt = (context: StartContext, row: CheckpointRow): CheckpointRow => ({
  ...row,
  state: 'STARTED',
  reason: '',
  attempt: row.attempt + 1,
  updatedMs: context.clock.nowMs(),
});

/** Makes sure that the row's execution exists; a failed one gets a successor. Null: look again. */
const ensureExecution = async (
  context: StartContext,
  id: CheckpointId,
  { row, version }: VersionedRow,
  retryFailed: boolean,
): Promise<StartOutput | null> => {
  if (row.state === 'FAILED' && retryFailed) {
    await writeRow(context, id, nextAttempt(context, row), version);
    return null;
  }
  if (row.state !== 'STARTED') {
    return answerFor(id, row);
  }
  const run = { checkpointId: id, attempt: row.attempt };
  const input: PlanInput = { ...run, object: row.object };
  const name = executionName(run);
  if ((await context.workflow.start(name, input)).kind === 'started') {
    context.log.count('CheckpointsStarted', 1);
    return { kind: 'started', ...run };
  }
  const verdict = judgeAttempt(row, await context.workflow.status(name));
  if (verdict.kind === 'leave') {
    return answerFor(id, row);
  }
  const next: CheckpointRow =
    verdict.kind === 'advance'
      ? nextAttempt(context, row)
      : { ...row, state: 'FAILED', reason: verdict.reason, updatedMs: context.clock.nowMs() };
  // A run that ended its row meanwhile makes this a conflict; either way the row is read again.
  await writeRow(context, id, next, version);
  return null;
};

const startFound = (
  context: StartContext,
  object: ObjectVersion,
  metadata: Readonly<Record<string, string>>,
  retryFailed: boolean,
): Promise<StartOutput> => {
  const id = checkpointIdOf(object);
  const row = firstRow(context, object, metadata);
  return withoutContention(id, async () => {
    const claimed = await claim(context, id, row);
    return claimed === null ? null : ensureExecution(context, id, claimed, retryFailed);
  });
};

/**
 * Starts the compression of one object version, once. The event that led here is only a hint:
 * HEAD tells what is there, the catalogue row tells what has been done. Called again it changes
 * nothing, except that an execution which failed, or was never started after a crash, is started.
 */
export const startCheckpoint = (context: StartContext, input: StartInput): Promise<StartOutput> =>
  logUseCase(context, 'start', { bucket: input.bucket, key: input.key }, async (line) => {
    const refusal = context.settings.isEnabled
      ? refusalOf(context.settings, input.bucket, input.key)
      : 'Compression is switched off.';
    if (refusal !== null) {
      return { kind: 'ignored', reason: refusal };
    }
    const found = await context.objects.head({
      bucket: input.bucket,
      key: input.key,
      versionId: input.versionId,
    });
    if (found.kind === 'absent') {
      return { kind: 'gone' };
    }
    if (found.kind === 'unreadable') {
      return input.listed === null || input.listed === undefined
        ? { kind: 'ignored', reason: found.reason }
        : quarantineListed(context, input.listed, found.reason);
    }
    line['bytes'] = found.head.object.bytes;
    line['checkpointId'] = checkpointIdOf(found.head.object);
    const { object, metadata } = found.head;
    return startFound(context, object, metadata, input.retryFailed ?? false);
  });
