import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createSfnWorkflow, executionArn } from './sfn-workflow.ts';

const client = new SFNClient({ region: 'eu-west-1' });
const mock = mockClient(client);
const machine = 'arn:aws:states:eu-west-1:111122223333:stateMachine:checkpoint';
const workflow = createSfnWorkflow(client, machine);

beforeEach(() => mock.reset());

const failed = (name: string, httpStatusCode = 400): Error =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode, attempts: 1 } });

it('derives the ARN of an execution, also from a version of the machine', () => {
  const expected = 'arn:aws:states:eu-west-1:111122223333:execution:checkpoint:n-1';
  expect(executionArn(machine, 'n-1')).toBe(expected);
  expect(executionArn(`${machine}:3`, 'n-1')).toBe(expected);
  expect(() => executionArn('arn:aws:lambda:x:y:function:z', 'n')).toThrow(/InvalidArn/);
});

describe('start', () => {
  it('sends the input as ASCII, and takes a used name for exists', async () => {
    mock.on(StartExecutionCommand).resolvesOnce({}).rejectsOnce(failed('ExecutionAlreadyExists'));
    expect(await workflow.start('n-1', { key: 'a\u2028ü' })).toEqual({ kind: 'started' });
    expect(await workflow.start('n-1', { key: 'b' })).toEqual({ kind: 'exists' });
    expect(mock.commandCalls(StartExecutionCommand)[0]?.args[0].input).toEqual({
      stateMachineArn: machine,
      name: 'n-1',
      input: '{"key":"a\\u2028\\u00fc"}',
    });
  });

  it.each([
    ['ThrottlingException', 400, true],
    ['ExecutionLimitExceeded', 400, true],
    ['ServiceUnavailable', 503, true],
    ['StateMachineDoesNotExist', 400, false],
  ])('throws %s (%i) with retryable %s', async (code, status, retryable) => {
    mock.on(StartExecutionCommand).rejects(failed(code, status));
    const started = workflow.start('n-1', {});
    await expect(started).rejects.toMatchObject({ code, retryable, subject: 'n-1' });
  });
});

describe('status', () => {
  it.each([
    ['RUNNING', { kind: 'running' }],
    ['PENDING_REDRIVE', { kind: 'running' }],
    ['SUCCEEDED', { kind: 'succeeded' }],
    ['FAILED', { kind: 'failed', reason: 'E: why' }],
    ['TIMED_OUT', { kind: 'timed-out', reason: 'E: why' }],
    ['ABORTED', { kind: 'aborted', reason: 'E: why' }],
  ] as const)('translates %s', async (status, expected) => {
    mock.on(DescribeExecutionCommand).resolves({ status, error: 'E', cause: 'why' });
    expect(await workflow.status('n-1')).toEqual(expected);
  });

  it('says absent of a name that was never used, and throws faults', async () => {
    mock.on(DescribeExecutionCommand).rejects(failed('ExecutionDoesNotExist'));
    expect(await workflow.status('n-1')).toEqual({ kind: 'absent' });
    mock.on(DescribeExecutionCommand).rejects(failed('ThrottlingException'));
    await expect(workflow.status('n-1')).rejects.toMatchObject({ retryable: true });
  });
});
