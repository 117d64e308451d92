import { basename, join } from 'node:path';
import type { Session } from '../session.ts';
import type { DemoHost } from './demo-host.ts';
import { changedStep, prepareInput, type StepFile } from './prepare-input.ts';
import { restoreStep } from './restore-step.ts';
import { runStep, type StepResult } from './run-step.ts';

/** A real model, and the same with 1% of its weights changed. */
export async function prepareSteps(
  session: Session,
  file: string | null,
  work: string,
): Promise<readonly [StepFile, StepFile]> {
  const original = await prepareInput(session, file);
  return [original, await changedStep(session, original, join(work, basename(original.path)))];
}

/** Uploads both, follows them until they are VERIFIED, and restores them through the store. */
export async function showCheckpoints(
  session: Session,
  demo: DemoHost,
  steps: readonly StepFile[],
  work: string,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) results.push(await runStep(session, demo, step));
  session.terminal.note('\nRestoring both through the store');
  for (const [index, result] of results.entries()) {
    const output = join(work, `restored-${index + 1}`);
    results[index] = await restoreStep(session, demo.host, result, output);
  }
  return results;
}
