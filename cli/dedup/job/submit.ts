import { z } from 'zod';
import { type JobStatus, readJobStatus } from '../../../shared/app/dedup/job-status.ts';
import { submitDedup } from '../../../shared/app/dedup/submit-job.ts';
import type { Place } from '../../../shared/contracts/dedup-job.ts';
import { dedupExecutionName } from '../../../shared/domain/dedup/job-identity.ts';
import { formatS3Uri } from '../../ckpt/s3-uri.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-code.ts';
import { onlyArgument, parseOptions } from '../../parse-options.ts';
import { COUNT } from '../../progress.ts';
import type { Command, Session } from '../../session.ts';
import { type JobHost, parseOutput, parsePlace, pause, withJobHost } from './job-host.ts';
import { requestOf } from './job-request.ts';
import { showStatus } from './status.ts';

const optionsSchema = z.looseObject({
  output: z.string({ error: 'name the output with -o: s3://BUCKET/PREFIX/' }),
  wait: z.boolean().default(false),
});

const POLL_MS = 2_000;

/** `mithril dedup submit s3://... -o s3://...` */
export const submit: Command = async (session, args, given) => {
  const options = parseOptions(optionsSchema, given);
  const output = parseOutput(options.output);
  const request = requestOf(parsePlace(onlyArgument(args)), output, options);
  return withJobHost(session, given, async (host) => {
    const submission = await submitDedup(host.context, request);
    if (submission.kind === 'refused') throw refusal(submission.reason);
    const { kind, attempt, plan } = submission;
    if (options.wait) {
      const name = dedupExecutionName(plan.jobId, attempt);
      return waitFor(session, host, output, { attempt, name });
    }
    const uri = formatS3Uri({ bucket: output.bucket, key: output.prefix });
    const what = {
      started: `Started attempt ${attempt}`,
      running: `Attempt ${attempt} runs already`,
      finished: 'All of it is done already',
    }[kind];
    session.terminal.result(
      `${what}: ${plan.inputs.length} objects in ${plan.tasks.length} tasks\nWatch it: mithril dedup status ${uri}`,
      { command: 'dedup submit', kind, attempt, jobId: plan.jobId, inputs: plan.inputs.length },
    );
    return EXIT.ok;
  });
};

const refusal = (reason: string): CliError => new CliError(`the job was refused: ${reason}`);

/** Progress stage after stage; Ctrl-C ends the watching, not the job. */
async function waitFor(
  session: Session,
  host: JobHost,
  output: Place,
  { attempt, name }: { readonly attempt: number; readonly name: string },
): Promise<number> {
  const progress = session.terminal.progress('Tasks', COUNT);
  try {
    for (;;) {
      session.interruption.signal.throwIfAborted();
      const status = await readJobStatus(host.context, output);
      if (status !== null) {
        progress.update(...countOf(status));
        if (hasEnded(status, attempt)) {
          progress.end();
          return showStatus(session, output, status);
        }
      } else if (!(await isRunning(host, name))) {
        throw refusal('its plan says why, in the answer of its execution');
      }
      await pause(session, POLL_MS);
    }
  } finally {
    progress.end();
  }
}

/** A job takes its output when it has listed its inputs. */
async function isRunning({ context }: JobHost, name: string): Promise<boolean> {
  const { kind } = await context.workflow.status(name);
  return kind === 'running' || kind === 'absent';
}

const hasEnded = ({ execution, attempt }: JobStatus, awaited: number): boolean =>
  attempt >= awaited && execution.kind !== 'running' && execution.kind !== 'absent';

function countOf({ stages }: JobStatus): [done: number, total: number] {
  const sum = (of: (stage: JobStatus['stages'][number]) => number): number =>
    stages.reduce((total, stage) => total + of(stage), 0);
  return [sum(({ done }) => done), sum(({ total, done }) => total ?? done)];
}
