import { setTimeout as sleep } from 'node:timers/promises';
import type { RestoreInput } from '../../shared/contracts/restore-states.ts';
import { sha256Of } from '../../shared/domain/checkpoint/identity.ts';
import type { RunStatus, Workflow } from '../../shared/ports/workflow.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Host } from '../hosts/host.ts';
import type { Session } from '../session.ts';
import { restoredLine } from '../text/result-lines.ts';
import type { VerifiedCheckpoint } from './find-checkpoint.ts';
import { formatS3Uri, type ObjectAddress, parseObjectUri } from './s3-uri.ts';

const POLL_MS_MIN = 250;
const POLL_MS_MAX = 5_000;
const NAME_LENGTH_MAX = 80;

/** The restore state machine writes the original to a key; followed until it ends. */
export async function restoreInsideAws(
  session: Session,
  host: Host,
  found: VerifiedCheckpoint,
  to: string,
): Promise<number> {
  const target = parseObjectUri(to);
  const workflow = host.restoreWorkflow;
  if (workflow === null) {
    throw new CliError('the settings name no restore state machine', {
      exitCode: EXIT.usage,
      advice: 'Restore to a file with -o, or write the settings: mithril stack config',
    });
  }
  const startedMs = performance.now();
  const name = executionNameOf(found, target, host.context.clock.nowMs());
  const input: RestoreInput = { checkpointId: found.checkpointId, target };
  await workflow.start(name, input);
  session.terminal.note(`Started execution ${name}`);
  await waitForEnd(session, workflow, name);
  await checkTarget(host, found, target);
  const seconds = (performance.now() - startedMs) / 1000;
  const { bytes } = found.object;
  const bytesOut = found.verified.chainStoredBytes;
  session.terminal.result(
    `${restoredLine({ bytesIn: bytes, bytesOut, seconds })}\nWritten: ${formatS3Uri(target)}`,
    {
      command: 'restore',
      source: formatS3Uri(found.object),
      checkpointId: found.checkpointId,
      output: formatS3Uri(target),
      execution: name,
      bytesIn: bytesOut,
      bytesOut: bytes,
      seconds,
    },
  );
  return EXIT.ok;
}

/** A name is taken for good, so that of a second restore to the same key has to differ. */
function executionNameOf(found: VerifiedCheckpoint, target: ObjectAddress, nowMs: number): string {
  const digest = sha256Of(JSON.stringify([found.checkpointId, target.bucket, target.key]));
  return `restore-${digest.slice(0, 32)}-${nowMs}`.slice(0, NAME_LENGTH_MAX);
}

async function waitForEnd(session: Session, workflow: Workflow, name: string): Promise<void> {
  for (let pauseMs = POLL_MS_MIN; ; pauseMs = Math.min(POLL_MS_MAX, pauseMs * 1.5)) {
    const status: RunStatus = await workflow.status(name);
    if (status.kind === 'succeeded') return;
    if (status.kind !== 'running' && status.kind !== 'absent') {
      throw new CliError(`the restore ${status.kind}: ${status.reason}`, {
        advice: 'Nothing was overwritten. Run the same command again.',
      });
    }
    if (session.interruption.signal.aborted) {
      throw new CliError(`no longer following ${name}; it goes on in AWS`, {
        exitCode: EXIT.interrupted,
      });
    }
    await sleep(pauseMs);
  }
}

/** An execution also succeeds where it refused; only the object tells. */
async function checkTarget(
  host: Host,
  found: VerifiedCheckpoint,
  target: ObjectAddress,
): Promise<void> {
  const head = await host.context.objects.head(target);
  if (head.kind === 'found' && head.head.object.bytes === found.object.bytes) return;
  throw new CliError(`the restore was refused: ${formatS3Uri(target)} was not written`, {
    advice:
      'The key holds another object, or is outside of the prefixes that restores may write ' +
      '(restoreTargets in mithril.config.json; restored/ of the store bucket is always allowed).',
  });
}
