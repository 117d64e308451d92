import { setTimeout as sleep } from 'node:timers/promises';
import { readRow } from '../../shared/app/checkpoint/catalogue.ts';
import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import type { CheckpointId } from '../../shared/contracts/brands.ts';
import type { CheckpointRow } from '../../shared/contracts/checkpoint-catalogue.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { segmentCountOf } from '../../shared/domain/checkpoint/segments.ts';
import { type Progress, readProgress, STAGES, type Stage } from '../ckpt/read-progress.ts';
import { CliError } from '../cli-error.ts';
import type { Session } from '../session.ts';
import type { StageLines } from './stage-lines.ts';

const POLL_MS = 100;
/** Nothing moved for so long: say where to look instead of waiting for ever. */
const STALL_MS = 120_000;

export interface Followed {
  readonly checkpointId: CheckpointId;
  readonly row: CheckpointRow & { readonly verified: NonNullable<CheckpointRow['verified']> };
  readonly baseReason: string;
}

type FollowContext = Pick<CheckpointContext, 'objects' | 'table' | 'settings'>;

/** Follows one uploaded object through the pipeline until it is VERIFIED; a line a stage. */
export async function follow(
  session: Session,
  context: FollowContext,
  object: ObjectVersion,
  lines: StageLines,
): Promise<Followed> {
  const checkpointId = checkpointIdOf(object);
  let stage = 0;
  let baseReason = '';
  let last = '';
  let movedMs = performance.now();
  lines.begin(STAGES[0]);
  try {
    for (;;) {
      session.interruption.signal.throwIfAborted();
      const row = (await readRow(context, checkpointId))?.row ?? null;
      const progress = await progressOf(context, checkpointId, row);
      baseReason = progress?.plan?.baseReason ?? baseReason;
      const reached =
        row === null ? 0 : row.state === 'STARTED' ? stageOf(progress) : STAGES.length;
      for (; stage < reached; stage += 1) {
        lines.update(describeEnd(STAGES[stage], progress));
        lines.end();
        if (stage + 1 < STAGES.length) lines.begin(STAGES[stage + 1] ?? '');
      }
      if (row !== null && reached === STAGES.length) return settled(checkpointId, row, baseReason);
      lines.update(describe(progress));
      const now = JSON.stringify([row?.state, row?.attempt, progress?.stage, progress?.done]);
      if (now !== last) movedMs = performance.now();
      last = now;
      if (performance.now() - movedMs > STALL_MS) throw stalled(object, row);
      await sleep(POLL_MS);
    }
  } finally {
    lines.abandon();
  }
}

async function progressOf(
  context: FollowContext,
  checkpointId: CheckpointId,
  row: CheckpointRow | null,
): Promise<Progress | null> {
  return row === null ? null : readProgress(context, { checkpointId, attempt: row.attempt });
}

const stageOf = (progress: Progress | null): number =>
  progress === null ? 1 : STAGES.indexOf(progress.stage);

function describe(progress: Progress | null): string {
  if (progress?.stage === 'encode') return `${progress.done} of ${progress.total} segments`;
  if (progress?.stage === 'verify') return `${progress.done} of ${progress.total} batches`;
  return '';
}

function describeEnd(stage: Stage | undefined, progress: Progress | null): string {
  const plan = progress?.plan ?? null;
  if (plan === null) return '';
  const count = stage === 'verify' ? plan.batches.length : 0;
  const segments = stage === 'encode' ? segmentCountOf(plan.object.bytes, plan.segmentBytes) : 0;
  if (segments > 0) return segments === 1 ? '1 segment' : `${segments} segments`;
  return count > 0 ? `${count === 1 ? '1 batch' : `${count} batches`} read back and compared` : '';
}

function settled(checkpointId: CheckpointId, row: CheckpointRow, baseReason: string): Followed {
  const { verified } = row;
  if (verified !== null) return { checkpointId, row: { ...row, verified }, baseReason };
  throw new CliError(`the checkpoint ended as ${row.state}: ${row.reason}`, {
    advice: `The original is untouched: s3://${row.object.bucket}/${row.object.key}`,
  });
}

function stalled(object: ObjectVersion, row: CheckpointRow | null): CliError {
  const where = row === null ? 'its event was never handled' : `attempt ${row.attempt} hangs`;
  return new CliError(`nothing moved for ${STALL_MS / 1000} s: ${where} (${object.key})`, {
    advice: 'Look at .mithril/local/ministack.log, or run: mithril local demo --host one-machine',
  });
}
