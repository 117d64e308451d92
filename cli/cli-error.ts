import { EXIT, type ExitCode } from './exit-code.ts';

/** A failure written for the person at the terminal: what happened, to what, and what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly advice: string;

  constructor(
    message: string,
    options: { advice?: string; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failure;
    this.advice = options.advice ?? '';
  }
}

/** The person asked us to stop (Ctrl-C); nothing is reported as failed. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** Where finished work is kept, from which the same command goes on; null where none is. */
  readonly kept: string | null;

  constructor(message: string, options: { kept?: string | null } = {}) {
    super(message);
    this.kept = options.kept ?? null;
  }
}

export interface Failure {
  readonly message: string;
  readonly advice: string;
  readonly exitCode: ExitCode;
}

/** What to say about anything that was thrown. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return error;
  const code = readCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const known = KNOWN[code];
  if (known !== undefined) return { message, ...known };
  return { message: message || 'unknown failure', advice: '', exitCode: EXIT.failure };
}

export function readCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Error codes of the codec, of Node and of AWS clients that have one good piece of advice. */
const KNOWN: Readonly<Record<string, { advice: string; exitCode: ExitCode }>> = {
  Corruption: {
    advice: 'The bytes do not match their checksums. Take another copy of the file.',
    exitCode: EXIT.corruption,
  },
  InsufficientData: {
    advice: 'The file ends too early. Copy it again from where it came.',
    exitCode: EXIT.corruption,
  },
  Compatibility: {
    advice: 'A newer Mithril wrote it. Update this one.',
    exitCode: EXIT.failure,
  },
  InvalidArgument: { advice: '', exitCode: EXIT.failure },
  Internal: {
    advice: 'This is a fault of Mithril. Run again with -v and report what it prints.',
    exitCode: EXIT.failure,
  },
  ENOSPC: { advice: 'The disk is full. Free some space and run again.', exitCode: EXIT.failure },
  EACCES: { advice: 'Check the permissions of the path.', exitCode: EXIT.failure },
  EROFS: { advice: 'The file system is read-only. Choose another output.', exitCode: EXIT.failure },
  CredentialsProviderError: {
    advice: 'No AWS credentials were found. Set AWS_PROFILE, or pass --profile.',
    exitCode: EXIT.failure,
  },
  ECONNREFUSED: {
    advice: 'Nothing answers there. For the local stack: mithril local up',
    exitCode: EXIT.failure,
  },
};
