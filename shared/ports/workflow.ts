/** Runs of a state machine, by name. A name is taken for good once it was used. */

export type StartResult = { readonly kind: 'started' } | { readonly kind: 'exists' };

export type RunStatus =
  | { readonly kind: 'absent' }
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed' | 'timed-out' | 'aborted'; readonly reason: string };

export interface Workflow {
  start(name: string, input: unknown): Promise<StartResult>;
  status(name: string): Promise<RunStatus>;
}

export class WorkflowError extends Error {
  override readonly name = 'WorkflowError';
  readonly code: string;
  readonly subject: string;
  readonly retryable: boolean;

  constructor(
    code: string,
    subject: string,
    options: { message: string; retryable: boolean; cause?: unknown },
  ) {
    super(`${code}: ${options.message} (execution ${subject})`, { cause: options.cause });
    this.code = code;
    this.subject = subject;
    this.retryable = options.retryable;
  }
}
