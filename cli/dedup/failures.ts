import type { RunProgress } from '../../shared/ports/dedup.ts';
import { CliError, describeFailure, Interrupted, readCode } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Session } from '../session.ts';
import { startRunProgress } from './run-progress.ts';

interface Watch {
  readonly onProgress: (progress: RunProgress) => void;
  readonly signal: AbortSignal;
}

/** Shows the progress of work, stops it on Ctrl-C, and explains its failure. */
export async function watched<Result>(
  session: Session,
  work: (watch: Watch) => Promise<Result>,
): Promise<Result> {
  const progress = startRunProgress(session.terminal);
  try {
    return await work({ onProgress: progress.update, signal: session.interruption.signal });
  } catch (error) {
    throw explained(session, error);
  } finally {
    progress.end();
  }
}
export function guarded<Result>(session: Session, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw explained(session, error);
  }
}

/** The same failure with its exit code, and with advice where there is any. */
function explained(session: Session, error: unknown): Error {
  const code = readCode(error);
  if (code === 'Cancelled' || session.interruption.signal.aborted) {
    return new Interrupted('interrupted');
  }
  const { message, advice, exitCode } = describeFailure(error);
  const known = KNOWN.find((it) => it.code === code && message.startsWith(it.start));
  return new CliError(message, { advice, exitCode, ...known, cause: error });
}

const KNOWN = [
  {
    code: 'InvalidArgument',
    start: 'the output ',
    advice: 'Choose another output with -o, or replace it with --force.',
    exitCode: EXIT.failure,
  },
  {
    code: 'InvalidArgument',
    start: 'the scratch folder ',
    advice: 'Wait for the other run, or name another folder with --scratch.',
    exitCode: EXIT.failure,
  },
  {
    code: 'InvalidArgument',
    start: 'the memory for ',
    advice:
      'Start the command again with a --memory of so much and 64 MiB; it goes on from what is hashed.',
    exitCode: EXIT.failure,
  },
  {
    code: 'InvalidArgument',
    start: 'the index ',
    advice:
      'Build it with: mithril dedup index build IN... -o INDEX, or wait for the other writer.',
    exitCode: EXIT.failure,
  },
  { code: 'InvalidArgument', start: '', advice: 'See --help for the usage.', exitCode: EXIT.usage },
  {
    code: 'TooManyBadRows',
    start: '',
    advice:
      'They are listed beside the output (--rejected). Is --text-key right? --max-bad allows more.',
    exitCode: EXIT.corruption,
  },
] as const;

export const usage = (message: string): CliError =>
  new CliError(message, { exitCode: EXIT.usage, advice: 'See --help for the usage.' });
