import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDedupRuns } from '../../../shared/adapters/native/dedup-runs.ts';
import { jobOf } from '../../dedup/dedup.ts';
import { watched } from '../../dedup/failures.ts';
import { findInputs } from '../../dedup/files.ts';
import { readDedupOptions } from '../../dedup/options.ts';
import { processedLine } from '../../dedup/texts.ts';
import type { Project } from '../../local/project.ts';
import type { Session } from '../../session.ts';
import { formatBytes, formatCount, formatSeconds } from '../../text/quantity.ts';
import type { DemoHost } from '../demo-host.ts';
import { sha256OfFile } from '../model.ts';
import { StageLines } from '../stage-lines.ts';
import { collectTexts, type Texts } from './collect-texts.ts';
import { runJob } from './run-job.ts';

export interface DedupResult {
  readonly rows: number;
  readonly duplicates: number;
  readonly seconds: number;
  /** Of the kept rows, as the job in the stack wrote them; null where no stack runs. */
  readonly jobSha256: string | null;
  /** The same, as `mithril dedup` wrote them on this machine. */
  readonly ownSha256: string;
  readonly isExact: boolean;
}

/** Real text through the job of the stack, and once more through `mithril dedup`: the same bytes. */
export async function showDedup(
  session: Session,
  demo: DemoHost,
  project: Project,
  work: string,
): Promise<DedupResult> {
  const { terminal } = session;
  terminal.note('\nDedup: near-duplicate paragraphs');
  const input = join(work, 'texts');
  await mkdir(input);
  const texts = await collectTexts(join(project.root, 'node_modules'), input);
  terminal.note(
    `  ${formatCount(texts.rows)} paragraphs (${formatBytes(texts.bytes)}) of ${formatCount(texts.files)} READMEs and licences in node_modules`,
  );
  const job = demo.kind === 'aws-local' ? await runJob(session, demo.host, texts) : null;
  const own = await runHere(session, texts, input, join(work, 'kept'));
  const jobSha256 = job === null ? null : digestOf(job.kept);
  const isExact = job === null || jobSha256 === own.sha256;
  const { docs, duplicates, seconds } = job ?? own;
  if (job !== null) {
    terminal.line(`kept by the job      sha256 ${jobSha256}`);
    terminal.line(
      `kept by this machine sha256 ${own.sha256}  ${isExact ? 'equal' : 'DIFFERENT'}, ${formatSeconds(own.seconds)}`,
    );
  }
  terminal.line(processedLine({ docs, duplicates, seconds }));
  return { rows: docs, duplicates, seconds, jobSha256, ownSha256: own.sha256, isExact };
}

/** `mithril dedup` with its defaults. */
async function runHere(session: Session, texts: Texts, input: string, output: string) {
  const options = readDedupOptions({ output, quiet: true });
  const inputs = await findInputs([input]);
  await mkdir(output);
  const startedMs = performance.now();
  const lines = new StageLines(session);
  const summary = await lines.run('mithril dedup', async () =>
    watched(session, async (watch) => openDedupRuns().run(await jobOf(inputs, options), watch)),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const hash = createHash('sha256');
  for (const { name } of texts.parts) hash.update(await sha256OfFile(join(output, name)));
  return {
    docs: summary.total.rows,
    duplicates: summary.duplicates,
    seconds,
    sha256: hash.digest('hex'),
  };
}

/** Digest of the digests of the files, in their order. */
function digestOf(files: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(createHash('sha256').update(file).digest('hex'));
  return hash.digest('hex');
}
