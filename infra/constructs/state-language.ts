import { RETRYABLE_FAULT } from '../../shared/contracts/faults.ts';

/**
 * The subset of the Amazon States Language that runs alike on Step Functions and on the local
 * stack (docs/local-stack.md); test/infra holds every state machine to it.
 */
export type State = Readonly<Record<string, unknown>>;
export type States = Readonly<Record<string, State>>;

const FAULT_ATTEMPTS_MAX = 4;
/** Throttled by the cap on workers: waits its turn, up to about an hour. */
const THROTTLE_ATTEMPTS_MAX = 120;
const RETRY_SECONDS_MAX = 60;
/** Lambda ends the function first, so that its own error is seen. */
const TASK_GRACE_SECONDS = 30;

/**
 * Faults that a later try may not meet. Expected failures are values and are routed by Choice.
 * `Runtime.HandlerError` is what the local stack calls every error that a handler throws.
 */
export const RETRYABLE_ERRORS = [
  RETRYABLE_FAULT,
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
  'Runtime.ExitError',
  'Runtime.HandlerError',
  'States.Timeout',
];

export interface InvokeProps {
  readonly partition: string;
  readonly functionArn: string;
  readonly timeoutSeconds: number;
  /** Default: the whole input. */
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly next: string;
}

/** Calls a function; its answer is the state's output. */
export function invoke(props: InvokeProps): State {
  return {
    Type: 'Task',
    Resource: `arn:${props.partition}:states:::lambda:invoke`,
    Parameters: {
      FunctionName: props.functionArn,
      ...(props.payload === undefined ? { 'Payload.$': '$' } : { Payload: props.payload }),
    },
    OutputPath: '$.Payload',
    TimeoutSeconds: props.timeoutSeconds + TASK_GRACE_SECONDS,
    Retry: [
      {
        ErrorEquals: ['Lambda.TooManyRequestsException'],
        IntervalSeconds: 2,
        BackoffRate: 2,
        MaxDelaySeconds: RETRY_SECONDS_MAX,
        MaxAttempts: THROTTLE_ATTEMPTS_MAX,
        JitterStrategy: 'FULL',
      },
      {
        ErrorEquals: RETRYABLE_ERRORS,
        IntervalSeconds: 2,
        BackoffRate: 2,
        MaxDelaySeconds: RETRY_SECONDS_MAX,
        MaxAttempts: FAULT_ATTEMPTS_MAX,
        JitterStrategy: 'FULL',
      },
    ],
    Next: props.next,
  };
}

/** Routes by the `kind` of the answer before; an unknown kind fails the execution. */
export function chooseByKind(next: Readonly<Record<string, string>>): State {
  return {
    Type: 'Choice',
    Choices: Object.entries(next).map(([kind, state]) => ({
      Variable: '$.kind',
      StringEquals: kind,
      Next: state,
    })),
    Default: UNKNOWN_ANSWER,
  };
}

export const UNKNOWN_ANSWER = 'UnknownAnswer';
export const unknownAnswerState: State = {
  Type: 'Fail',
  Error: 'UnknownAnswer',
  Cause: 'A function answered with a kind that this state machine does not know.',
};

export interface MapProps {
  readonly label: string;
  readonly partition: string;
  /** JSON path of `{ bucket, key }` of the JSONL file, one child a line. */
  readonly items: string;
  readonly worker: { readonly functionArn: string; readonly timeoutSeconds: number };
  readonly concurrencyMax: number;
  readonly next: string;
}

/**
 * One STANDARD child a line; none may fail. Each child ends in a Pass returning `{}`: the results
 * are objects in the store, and 10,000 of anything else would break the payload limit.
 */
export function distributedMap(props: MapProps): State {
  const work = `${props.label}Batch`;
  const done = `${props.label}BatchDone`;
  return {
    Type: 'Map',
    Label: props.label,
    MaxConcurrency: props.concurrencyMax,
    ToleratedFailurePercentage: 0,
    ItemReader: {
      Resource: `arn:${props.partition}:states:::s3:getObject`,
      ReaderConfig: { InputType: 'JSONL' },
      Parameters: { 'Bucket.$': `${props.items}.bucket`, 'Key.$': `${props.items}.key` },
    },
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: work,
      States: {
        [work]: invoke({ ...props.worker, partition: props.partition, next: done }),
        [done]: { Type: 'Pass', Result: {}, End: true },
      },
    },
    ResultPath: null,
    Next: props.next,
  };
}
