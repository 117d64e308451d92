import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type JobStatus,
  readJobStatus,
  type StageProgress,
} from '../../../shared/app/dedup/job-status.ts';
import { submitDedup } from '../../../shared/app/dedup/submit-job.ts';
import { dedupRequestSchema, type Place } from '../../../shared/contracts/dedup-job.ts';
import { DATASETS_PREFIX, DEDUPLICATED_PREFIX } from '../../../shared/contracts/dedup-keys.ts';
import type { DedupTotals } from '../../../shared/contracts/dedup-states.ts';
import { DOCUMENT_BYTES_MAX } from '../../../shared/contracts/limits.ts';
import { CliError } from '../../cli-error.ts';
import { type JobHost, openJobHost } from '../../dedup/job/job-host.ts';
import type { Host } from '../../hosts/host.ts';
import type { Session } from '../../session.ts';
import { formatBytes } from '../../text/quantity.ts';
import { StageLines } from '../stage-lines.ts';
import type { Texts } from './collect-texts.ts';

const POLL_MS = 200;
/** Nothing moved for so long: say where to look instead of waiting for ever. */
const STALL_MS = 120_000;

export interface JobOutcome {
  readonly docs: number;
  readonly duplicates: number;
  /** From the start of the upload to the report. */
  readonly seconds: number;
  /** The outputs, in the order of the inputs. */
  readonly kept: readonly Buffer[];
}

/** Uploads the texts and runs the dedup state machine of the stack over them; a line a stage. */
export async function runJob(session: Session, host: Host, texts: Texts): Promise<JobOutcome> {
  const bucket = host.context.settings.storeBucket;
  // A name of its own each time: a stack that was kept has the results of earlier runs.
  const run = `demo-${Date.now()}`;
  const input = { bucket, prefix: `${DATASETS_PREFIX}${run}/` };
  const output = { bucket, prefix: `${DEDUPLICATED_PREFIX}${run}/` };
  const lines = new StageLines(session);
  const startedMs = performance.now();
  await lines.run('upload', async () => {
    for (const { path, name } of texts.parts) {
      const key = `${input.prefix}${name}`;
      await host.context.objects.write({ bucket, key }, await readFile(path), { ifAbsent: false });
    }
    lines.update(`${formatBytes(texts.bytes)} → s3://${bucket}/${input.prefix}`);
  });
  return openJobHost(session, host.settings, async (jobHost) => {
    const request = dedupRequestSchema.parse({ input, output });
    const submission = await submitDedup(jobHost.context, request);
    if (submission.kind === 'refused') throw new CliError(`refused: ${submission.reason}`);
    const { total, duplicates } = await follow(session, jobHost, output, lines);
    const seconds = (performance.now() - startedMs) / 1000;
    const kept: Buffer[] = [];
    for (const { name } of texts.parts) {
      const key = `${output.prefix}${name}`;
      const read = await jobHost.context.objects.readAll({ bucket, key }, DOCUMENT_BYTES_MAX);
      if (read.kind !== 'read') throw new CliError(`the output is not there: ${key}`);
      kept.push(read.bytes);
    }
    return { docs: total.rows, duplicates, seconds, kept };
  });
}

async function follow(
  session: Session,
  { context }: JobHost,
  output: Place,
  lines: StageLines,
): Promise<DedupTotals> {
  let reached = -1;
  let movedMs = performance.now();
  lines.begin('plan');
  try {
    for (;;) {
      session.interruption.signal.throwIfAborted();
      const status = await readJobStatus(context, output);
      const now = status === null ? -1 : stagesDone(status.stages);
      for (; reached < now; reached += 1) {
        lines.end();
        movedMs = performance.now();
        const next = status?.stages[reached + 1];
        if (next !== undefined) lines.begin(next.stage);
      }
      if (status !== null && status.totals !== null) return status.totals;
      if (status !== null) throwIfEnded(status);
      if (performance.now() - movedMs > STALL_MS) {
        throw failure(`nothing moved for ${STALL_MS / 1000} s`);
      }
      await sleep(POLL_MS);
    }
  } finally {
    lines.abandon();
  }
}

/** How many stages in front are done; a stage of unknown size is not. */
function stagesDone(stages: readonly StageProgress[]): number {
  const open = stages.findIndex(({ done, total }) => total === null || done < total);
  return open === -1 ? stages.length : open;
}

function throwIfEnded({ refusal, execution }: JobStatus): void {
  if (refusal !== null) throw failure(refusal);
  if ('reason' in execution) throw failure(execution.reason);
}

const failure = (reason: string): CliError =>
  new CliError(`the dedup job failed: ${reason}`, {
    advice: 'Look at .mithril/local/ministack.log, or run: mithril local demo --host one-machine',
  });
