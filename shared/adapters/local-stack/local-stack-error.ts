export type LocalStackErrorCode =
  | 'already-running'
  | 'not-ready'
  | 'exposed'
  | 'not-ended'
  | 'bad-assembly'
  | 'deploy-failed'
  | 'deploy-deadline';

/** A fault of the local stack: of the MiniStack process, or of a deployment to it. */
export class LocalStackError extends Error {
  readonly code: LocalStackErrorCode;
  /** The folder, endpoint or stack that it is about. */
  readonly subject: string;
  readonly retryable = false;

  constructor(
    code: LocalStackErrorCode,
    subject: string,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(`${message} [${subject}]`, options);
    this.name = 'LocalStackError';
    this.code = code;
    this.subject = subject;
  }
}
