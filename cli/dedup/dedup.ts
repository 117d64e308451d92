import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DedupJobOptions, DedupRuns } from '../../shared/ports/dedup.ts';
import { Interrupted } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Command, Session } from '../session.ts';
import { warnOfFilters, withBloom } from './bloom.ts';
import { guarded, usage, watched } from './failures.ts';
import { findInputs, type InputFile, placeOutputs } from './files.ts';
import { type DedupOptions, readDedupOptions } from './options.ts';
import { STDIN, withStdinFile } from './stdin.ts';
import { dryRunText, explainText, processedLine, summaryLines } from './texts.ts';

/** `mithril dedup IN... -o OUT` */
export const dedup: Command = async (session, args, given) => {
  const options = readDedupOptions(given);
  const { openDedupRuns } = await import('../../shared/adapters/native/dedup-runs.ts');
  const runs = openDedupRuns();
  if (options.explain) return explain(session, runs, options);
  if (args.length === 0) throw usage('name at least one input: a file, a folder, a pattern or -');
  if (args.includes(STDIN)) return dedupStdin(session, runs, args, options);
  const inputs = await findInputs(args);
  return options.dryRun
    ? dryRun(session, runs, inputs, options)
    : dedupFiles(session, runs, inputs, options);
};

function explain(session: Session, runs: DedupRuns, options: DedupOptions): number {
  const curve = guarded(session, () => runs.explainBands(settingsOf(options)));
  const { text, ...figures } = curve;
  session.terminal.result(explainText(text), { command: 'dedup', ...figures });
  return EXIT.ok;
}

async function dryRun(
  session: Session,
  runs: DedupRuns,
  inputs: readonly InputFile[],
  options: DedupOptions,
): Promise<number> {
  const named = await jobOf(inputs, { ...options, output: options.output ?? dryOutput(inputs) });
  const job = await withBloom(session, runs, named, options);
  const estimate = await watched(session, (watch) => runs.estimate(job, watch));
  session.terminal.result(dryRunText(estimate), { command: 'dedup', dryRun: true, ...estimate });
  return EXIT.ok;
}

/** A dry run writes nothing, but one output has one kind. */
const dryOutput = (inputs: readonly InputFile[]): string =>
  inputs.every(({ path }) => path.endsWith('.parquet')) && inputs.length === 1
    ? 'deduplicated.parquet'
    : 'deduplicated';

async function dedupFiles(
  session: Session,
  runs: DedupRuns,
  inputs: readonly InputFile[],
  options: DedupOptions,
): Promise<number> {
  const startedMs = performance.now();
  const job = await withBloom(session, runs, await jobOf(inputs, options), options);
  for (const output of job.outputs) await mkdir(dirname(output), { recursive: true });
  const summary = await watched(session, (watch) => runs.run(job, watch)).catch(
    (error: unknown) => {
      throw error instanceof Interrupted ? new Interrupted('interrupted', keptIn(job)) : error;
    },
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const files = summary.files.map((counts, at) => ({
    input: inputs[at]?.path,
    output: job.outputs[at],
    ...counts,
  }));
  session.terminal.result(
    processedLine({ docs: summary.total.rows, duplicates: summary.duplicates, seconds }),
    {
      command: 'dedup',
      ...summary,
      files,
      duplicateShare: summary.duplicates / Math.max(1, summary.total.rows),
      seconds,
      docsPerSecond: summary.total.rows / seconds,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    },
  );
  for (const line of summaryLines(summary, job)) session.terminal.detail(line);
  warnOfFilters(session, summary.bloomError, job.settings.bloomError);
  if (summary.total.rejected > 0) {
    session.terminal.warn(`${summary.total.rejected} rows could not be used: ${job.rejects}`);
  }
  return EXIT.ok;
}

/** A scratch folder that saves work keeps the description of its job; any other is removed. */
const keptIn = ({ scratch }: DedupJobOptions) => ({
  kept: existsSync(join(scratch, 'job.json')) ? scratch : null,
});

function dedupStdin(
  session: Session,
  runs: DedupRuns,
  args: readonly string[],
  options: DedupOptions,
): Promise<number> {
  if (args.length > 1) throw usage('standard input (-) is the only input');
  if (options.output === undefined) throw usage('name the output with -o');
  const parent = options.scratch ?? dirname(options.output);
  return withStdinFile(session.interruption, parent, (input, folder) => {
    const own = { ...options, scratch: folder };
    return options.dryRun
      ? dryRun(session, runs, [input], own)
      : dedupFiles(session, runs, [input], own);
  });
}

/** What the engine is told of the inputs and options. */
export async function jobOf(
  inputs: readonly InputFile[],
  options: DedupOptions,
): Promise<DedupJobOptions> {
  const { output } = options;
  if (output === undefined)
    throw usage('name the output with -o: a file, or a folder for many inputs');
  const outputs = await placeOutputs(inputs, output);
  const references = options.against.length === 0 ? [] : await findInputs(options.against);
  const named = ({ path, name }: InputFile) => ({ path, name });
  const beside = output.replace(/\/+$/u, '');
  return {
    references: references.map(named),
    inputs: inputs.map(named),
    outputs: [...outputs],
    isForced: options.force,
    settings: settingsOf(options),
    keep: options.keep,
    mode: options.mode,
    ...(options.report === undefined ? {} : { report: options.report }),
    ...(options.idKey === undefined ? {} : { idKey: options.idKey }),
    rejects: options.rejected ?? `${beside}.rejected.jsonl`,
    badShareMax: options.maxBad,
    scratch: options.scratch ?? `${beside}.mithril-scratch`,
    threads: options.threads,
    memory: options.memory - NODE_BYTES,
  };
}

/** What the process takes without any work: about 55 MiB. */
const NODE_BYTES = 64 * 1024 ** 2;

export const settingsOf = (options: DedupOptions) => ({
  textKey: options.textKey,
  threshold: options.threshold,
  unit: options.ngram.unit,
  n: options.ngram.n,
  permutations: options.numPerm,
  ...(options.bands === undefined ? {} : { bands: options.bands }),
  ...(options.rows === undefined ? {} : { rows: options.rows }),
  seed: options.seed,
  ...(options.exact ? { method: 'exact' as const } : {}),
});
