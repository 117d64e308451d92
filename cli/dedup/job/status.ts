import { type JobStatus, readJobStatus } from '../../../shared/app/dedup/job-status.ts';
import type { Place } from '../../../shared/contracts/dedup-job.ts';
import { formatS3Uri } from '../../ckpt/s3-uri.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-code.ts';
import { onlyArgument } from '../../parse-options.ts';
import type { Command, Session } from '../../session.ts';
import { formatCount } from '../../text/quantity.ts';
import { formatShare } from '../texts.ts';
import { parseOutput, withJobHost } from './job-host.ts';

/** `mithril dedup status s3://BUCKET/OUT/` */
export const status: Command = async (session, args, given) => {
  const output = parseOutput(onlyArgument(args));
  return withJobHost(session, given, async ({ context }) => {
    const found = await readJobStatus(context, output);
    if (found !== null) return showStatus(session, output, found);
    const uri = formatS3Uri({ bucket: output.bucket, key: output.prefix });
    throw new CliError(`no dedup job has taken ${uri}`, {
      advice:
        'A job takes its output when it has listed its inputs. Name the output, not the input.',
    });
  });
};

/** Shows how far the job is; a job that failed or was refused ends with exit code 1. */
export function showStatus(session: Session, output: Place, found: JobStatus): number {
  const state = stateOf(found);
  const { claim, stages, attempt, totals } = found;
  session.terminal.result(describe(output, found, state), {
    command: 'dedup status',
    jobId: claim.jobId,
    state,
    attempt,
    reason: reasonOf(found),
    stages,
    totals,
  });
  return state === 'failed' || state === 'refused' ? EXIT.failure : EXIT.ok;
}

type State = 'done' | 'running' | 'refused' | 'failed' | 'not started by name';

function stateOf({ totals, refusal, execution }: JobStatus): State {
  if (totals !== null) return 'done';
  if (execution.kind === 'running') return 'running';
  if (refusal !== null || execution.kind === 'succeeded') return 'refused';
  return execution.kind === 'absent' ? 'not started by name' : 'failed';
}

function reasonOf({ totals, refusal, execution }: JobStatus): string {
  if (totals !== null) return '';
  if (refusal !== null) return refusal;
  return 'reason' in execution ? execution.reason : '';
}

function describe(output: Place, found: JobStatus, state: State): string {
  const { claim, stages, attempt, totals } = found;
  const reason = reasonOf(found);
  const shown = stages.map(({ stage, done, total }) => {
    const of = total === null ? '?' : formatCount(total);
    return `  ${stage.padEnd(8)} ${formatCount(done)} of ${of}`;
  });
  return [
    `${formatS3Uri({ bucket: output.bucket, key: output.prefix })}: ${state}${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    ...(reason === '' ? [] : [`  ${reason}`]),
    ...(totals === null ? shown : resultLines(totals)),
    ...(state === 'failed' ? ['  Go on with what is done: mithril dedup submit, as before'] : []),
    `  job      ${claim.jobId}`,
  ].join('\n');
}

function resultLines({ total, duplicates, groups }: NonNullable<JobStatus['totals']>): string[] {
  const share = formatShare(total.rows === 0 ? 0 : duplicates / total.rows);
  return [
    `  rows: ${formatCount(total.rows)} = ${formatCount(total.kept)} kept + ${formatCount(total.dropped)} dropped; ${formatCount(total.rejected)} rejected`,
    `  duplicates: ${formatCount(duplicates)} (${share}) in ${formatCount(groups)} groups`,
  ];
}
