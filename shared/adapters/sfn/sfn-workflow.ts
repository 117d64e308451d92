import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { asciiJson } from '../../domain/checkpoint/ascii-json.ts';
import {
  type RunStatus,
  type StartResult,
  type Workflow,
  WorkflowError,
} from '../../ports/workflow.ts';
import { describeFailure } from '../aws/service-failure.ts';

const REASON_LENGTH_MAX = 1_024;

/** Executions of one STANDARD state machine. */
export function createSfnWorkflow(client: SFNClient, stateMachineArn: string): Workflow {
  return {
    start: (name, input) => startExecution(client, stateMachineArn, name, input),
    status: (name) => describeExecution(client, stateMachineArn, name),
  };
}

/** The ARN of an execution follows from the machine's; a version or alias is not part of it. */
export function executionArn(stateMachineArn: string, name: string): string {
  const [arn, partition, service, region, account, kind, machine] = stateMachineArn.split(':');
  if (arn !== 'arn' || service !== 'states' || kind !== 'stateMachine' || machine === undefined) {
    const message = `"${stateMachineArn}" is not the ARN of a state machine`;
    throw new WorkflowError('InvalidArn', name, { message, retryable: false });
  }
  return ['arn', partition, 'states', region, account, 'execution', machine, name].join(':');
}

async function startExecution(
  client: SFNClient,
  stateMachineArn: string,
  name: string,
  input: unknown,
): Promise<StartResult> {
  const command = new StartExecutionCommand({ stateMachineArn, name, input: asciiJson(input) });
  try {
    await client.send(command);
    return { kind: 'started' };
  } catch (cause) {
    const failure = describeFailure(cause);
    if (failure.code === 'ExecutionAlreadyExists') return { kind: 'exists' };
    throw toWorkflowError(name, cause);
  }
}

async function describeExecution(
  client: SFNClient,
  stateMachineArn: string,
  name: string,
): Promise<RunStatus> {
  const arn = executionArn(stateMachineArn, name);
  try {
    const command = new DescribeExecutionCommand({ executionArn: arn });
    return toRunStatus(name, await client.send(command));
  } catch (cause) {
    if (cause instanceof WorkflowError) throw cause;
    if (describeFailure(cause).code === 'ExecutionDoesNotExist') return { kind: 'absent' };
    throw toWorkflowError(name, cause);
  }
}

function toRunStatus(name: string, run: DescribeExecutionCommandOutput): RunStatus {
  const said = [run.error, run.cause].filter((it) => it !== undefined && it !== '').join(': ');
  const reason = said.slice(0, REASON_LENGTH_MAX);
  switch (run.status) {
    case 'RUNNING':
    case 'PENDING_REDRIVE':
      return { kind: 'running' };
    case 'SUCCEEDED':
      return { kind: 'succeeded' };
    case 'FAILED':
      return { kind: 'failed', reason };
    case 'TIMED_OUT':
      return { kind: 'timed-out', reason };
    case 'ABORTED':
      return { kind: 'aborted', reason };
    default: {
      const message = `unknown status ${String(run.status)}`;
      throw new WorkflowError('UnknownStatus', name, { message, retryable: false });
    }
  }
}

function toWorkflowError(name: string, cause: unknown): WorkflowError {
  const { code, message, retryable } = describeFailure(cause);
  return new WorkflowError(code, name, { message, retryable, cause });
}
