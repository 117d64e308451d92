import { openCheckpoint } from '../../shared/app/checkpoint/open-checkpoint.ts';
import { restoreToFile } from '../ckpt/restore.ts';
import type { Host } from '../hosts/host.ts';
import type { Session } from '../session.ts';
import { formatSeconds } from '../text/quantity.ts';
import { sha256OfFile } from './model.ts';
import type { StepResult } from './run-step.ts';

/** Restores one step from the store alone, and compares its SHA-256 with the original's. */
export async function restoreStep(
  session: Session,
  host: Host,
  result: StepResult,
  output: string,
): Promise<StepResult> {
  const startedMs = performance.now();
  const opened = await openCheckpoint(host.context, result.verified);
  await restoreToFile(session, host, { opened, output, isForced: false });
  const seconds = (performance.now() - startedMs) / 1000;
  const sha256 = await sha256OfFile(output);
  const isExact = sha256 === result.step.sha256;
  const { terminal } = session;
  const { number } = result.step;
  terminal.line(`step ${number} original  sha256 ${result.step.sha256}`);
  terminal.line(
    `step ${number} restored  sha256 ${sha256}  ${isExact ? 'equal' : 'DIFFERENT'}, ${formatSeconds(seconds)}`,
  );
  return { ...result, restored: { sha256, isExact, seconds } };
}
