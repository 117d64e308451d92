import type { CodecErrorCode } from '../../ports/codec.ts';

export type CheckpointFaultCode =
  /** Stored bytes are not what their digest, index or chain says. Retrying does not help. */
  | 'Corruption'
  /** A document that an earlier state wrote is not there, or not in its form. */
  | 'DocumentMissing'
  | 'DocumentInvalid'
  /** Fewer bytes came than were asked for. */
  | 'ShortRead'
  /** Little time is left; what is done is recorded, a retry goes on from there. */
  | 'DeadlineReached'
  /** A content-derived key holds other bytes. Somebody wrote there who must not. */
  | 'SegmentConflict'
  /** Another writer changed the row again and again. */
  | 'CatalogueContended'
  | 'InputUnsupported';

/** A fault of a checkpoint use case. Expected outcomes are values, never this. */
export class CheckpointFault extends Error {
  override readonly name = 'CheckpointFault';
  readonly code: CheckpointFaultCode;
  /** Key, id or execution that it happened to. */
  readonly subject: string;
  readonly retryable: boolean;

  constructor(
    code: CheckpointFaultCode,
    subject: string,
    options: { message: string; retryable: boolean; cause?: unknown },
  ) {
    super(`${code}: ${options.message} (${subject})`, { cause: options.cause });
    this.code = code;
    this.subject = subject;
    this.retryable = options.retryable;
  }
}

/** Errors of the codec that say "these bytes are not what they claim to be". */
const DAMAGE_CODES: ReadonlySet<unknown> = new Set<CodecErrorCode>([
  'Corruption',
  'Compatibility',
  'InsufficientData',
]);

/** True for damaged stored data; false for faults, which say nothing about the data. */
export const isDamage = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && DAMAGE_CODES.has(error.code);

export const corruption = (subject: string, message: string): CheckpointFault =>
  new CheckpointFault('Corruption', subject, { message, retryable: false });
