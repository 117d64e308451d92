import { z } from 'zod';
import { listJob } from '../../../shared/app/dedup/list-inputs.ts';
import { DEDUP_PAIRS_MAX, DEDUP_WORKERS_DEFAULT } from '../../../shared/contracts/dedup-limits.ts';
import { estimateJob, type JobEstimate } from '../../../shared/domain/dedup/estimate-job.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-code.ts';
import { onlyArgument, parseOptions } from '../../parse-options.ts';
import type { Command } from '../../session.ts';
import { formatBytes, formatCount, formatSeconds, formatShort } from '../../text/quantity.ts';
import { parsePlace, withJobHost } from './job-host.ts';
import { requestOf } from './job-request.ts';

const ROW_BYTES_DEFAULT = 500;
const CANDIDATES_DEFAULT = 0.3;
/** More rows than this have no numbers, and more hours than this are better spent elsewhere. */
const ROWS_MAX = 4.29e9;
const SECONDS_MAX = 6 * 3_600;

const count = z
  .string()
  .regex(/^[1-9]\d{0,6}$/u, 'expected a whole number')
  .transform(Number);
const optionsSchema = z.looseObject({
  workers: count.default(DEDUP_WORKERS_DEFAULT),
  rowBytes: count.default(ROW_BYTES_DEFAULT),
  candidates: z
    .string()
    .regex(/^\d{1,3}(?:\.\d+)?%$/u, 'expected a share such as 30%')
    .transform((value) => Math.min(1, Number.parseFloat(value) / 100))
    .default(CANDIDATES_DEFAULT),
});

/** `mithril dedup plan s3://...`: by formulas, from the sizes of the objects. */
export const plan: Command = async (session, args, given) => {
  const options = parseOptions(optionsSchema, given);
  const input = parsePlace(onlyArgument(args));
  // Only for the list: nothing is written there.
  const request = requestOf(input, { bucket: input.bucket, prefix: '_mithril/plan/' }, options);
  return withJobHost(session, given, async ({ context }) => {
    const listed = await listJob(context, request);
    if (listed.kind === 'refused') throw new CliError(listed.reason);
    const { inputs, tasks } = listed.plan;
    const shape = {
      inputs: inputs.map(({ name, object }) => ({ name, bytes: object.bytes })),
      tasks: tasks.length,
      bands: context.stages.explainBands(request.settings).bands,
      rowBytes: options.rowBytes,
      candidateShare: options.candidates,
      workers: options.workers,
    };
    const estimate = estimateJob(shape);
    const advice = adviceFor(estimate);
    session.terminal.result(describe(estimate, shape, advice), {
      command: 'dedup plan',
      inputs: inputs.length,
      tasks: tasks.length,
      workers: options.workers,
      advice,
      ...estimate,
    });
    return EXIT.ok;
  });
};

function adviceFor({ rows, pairs, seconds }: JobEstimate): string | null {
  if (rows > ROWS_MAX) return 'More than 4.29 billion rows: a set of this size belongs on EMR.';
  if (pairs > DEDUP_PAIRS_MAX) {
    return `About ${formatShort(pairs)} candidate pairs, more than fit the memory of one function (${formatShort(DEDUP_PAIRS_MAX)}): run mithril dedup on one large machine (AWS Batch), or say --candidates if fewer rows are alike.`;
  }
  if (seconds > SECONDS_MAX) {
    return 'Hours of functions cost twice what machines do: take more workers, or mithril dedup on one large machine (AWS Batch).';
  }
  return null;
}

function describe(
  estimate: JobEstimate,
  shape: { readonly inputs: readonly unknown[]; readonly tasks: number; readonly workers: number },
  advice: string | null,
): string {
  const stages = estimate.stages.map(
    ({ stage, calls, seconds, usd }) =>
      `  ${stage.padEnd(8)} ${formatCount(calls).padStart(7)} calls  ${formatSeconds(seconds).padStart(8)}  $${usd.toFixed(3)}`,
  );
  const concurrency = Math.min(
    shape.workers,
    estimate.stages.reduce((most, { calls }) => Math.max(most, calls), 1),
  );
  return [
    `${formatCount(shape.inputs.length)} objects, about ${formatBytes(estimate.textBytes)} of text, ${formatShort(estimate.rows)} rows (modelled, docs/dedup-job.md)`,
    ...stages,
    `time         about ${formatSeconds(estimate.seconds)} with ${shape.workers} workers`,
    `price        about $${estimate.usd.toFixed(2)} at list prices of us-east-1`,
    `concurrency  ${concurrency} functions at once`,
    `scratch      ${formatBytes(estimate.shuffleBytes)} for 14 days`,
    ...(advice === null ? [] : [advice]),
  ].join('\n');
}
