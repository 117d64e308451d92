import { z } from 'zod';

/** What an SDK error says, in our words. Only adapters see the SDK's own shape. */
export interface ServiceFailure {
  /** The service's error code, or the code of the socket or system error. */
  readonly code: string;
  readonly status: number | null;
  readonly message: string;
  readonly retryable: boolean;
  /** Requests that the SDK sent; above 1 an earlier one may have taken effect. */
  readonly attempts: number;
}

const failureSchema = z.object({
  name: z.string().catch('Unknown'),
  message: z.string().catch(''),
  Code: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  $metadata: z
    .object({
      httpStatusCode: z.number().optional(),
      attempts: z.number().optional(),
    })
    .optional()
    .catch(undefined),
  $retryable: z.unknown().optional(),
});

/** Another try later can succeed without anyone changing anything. */
const RETRYABLE_CODES: ReadonlySet<string> = new Set([
  'BadDigest',
  'ConditionalRequestConflict',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ExecutionLimitExceeded',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteBody',
  'InternalError',
  'InternalServerError',
  'LimitExceededException',
  'OperationAborted',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);

/** Errors of sockets are plain `Error`s: their `code` says more than their `name`. */
export function describeFailure(error: unknown): ServiceFailure {
  const parsed = failureSchema.safeParse(error);
  if (!parsed.success) {
    const message = String(error);
    return { code: 'Unknown', status: null, message, retryable: false, attempts: 1 };
  }
  const { name, message, $metadata } = parsed.data;
  const isPlain = name === 'Error' || name === 'Unknown';
  const code = isPlain ? (parsed.data.code ?? parsed.data.Code ?? name) : name;
  const status = $metadata?.httpStatusCode ?? null;
  const isServiceBusy = status !== null && (status === 429 || status >= 500);
  const retryable =
    isServiceBusy || RETRYABLE_CODES.has(code) || parsed.data.$retryable !== undefined;
  return { code, status, message, retryable, attempts: $metadata?.attempts ?? 1 };
}
