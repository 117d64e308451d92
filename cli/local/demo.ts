import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { openDemoHost } from '../demo/demo-host.ts';
import { changedStep, prepareInput, type StepFile } from '../demo/prepare-input.ts';
import { restoreStep } from '../demo/restore-step.ts';
import { runStep, type StepResult } from '../demo/run-step.ts';
import { describeSummary, summaryJson } from '../demo/summary.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions, pathSchema } from '../parse-options.ts';
import type { Command, Session } from '../session.ts';
import { findProject, type Project } from './project.ts';

const optionsSchema = z.object({
  file: pathSchema.optional(),
  host: z.enum(['aws-local', 'one-machine']).optional(),
  keep: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** `mithril local demo`: what `npm start` runs after set-up. */
export const demo: Command = async (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const project = findProject();
  const original = await prepareInput(session, options.file ?? null);
  await mkdir(join(project.root, '.mithril'), { recursive: true });
  const work = await mkdtemp(join(project.root, '.mithril', 'demo-'));
  const forget = session.interruption.onExit(() => rmSync(work, { recursive: true, force: true }));
  try {
    const changed = await changedStep(session, original, join(work, basename(original.path)));
    return await runOnHost(session, { project, options, steps: [original, changed], work });
  } finally {
    forget();
    await rm(work, { recursive: true, force: true });
  }
};

interface Demo {
  readonly project: Project;
  readonly options: Options;
  readonly steps: readonly StepFile[];
  /** Folder for what is restored; gone at the end. */
  readonly work: string;
}

async function runOnHost(session: Session, it: Demo): Promise<number> {
  const startedMs = performance.now();
  const { terminal } = session;
  const demoHost = await openDemoHost(
    session,
    it.project,
    it.options.host ?? null,
    it.options.keep,
  );
  const results: StepResult[] = [];
  try {
    for (const step of it.steps) results.push(await runStep(session, demoHost, step));
    terminal.note('\nRestoring both through the store');
    for (const [index, result] of results.entries()) {
      const output = join(it.work, `restored-${index + 1}`);
      results[index] = await restoreStep(session, demoHost.host, result, output);
    }
  } finally {
    await demoHost.close();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const facts = { kind: demoHost.kind, results, seconds, isKept: demoHost.isKept };
  const inputPath = it.steps[0]?.path ?? '';
  terminal.result(describeSummary({ ...facts, inputPath }), summaryJson({ ...facts, inputPath }));
  const isExact = results.every((result) => result.restored?.isExact === true);
  return isExact ? EXIT.ok : EXIT.corruption;
}
