import { ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { VERSION } from '../../shared/contracts/version.ts';
import {
  listStackResources,
  readStack,
  type StackFacts,
  type StackResource,
} from '../aws/read-stack.ts';
import { type StackClients, withStackClients } from '../aws/stack-clients.ts';
import { EXIT } from '../exit-code.ts';
import { parseOptions } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import { describeStatus, type MachineFacts, type QueueFacts } from './status-text.ts';

const optionsSchema = z.object({ stack: z.string().min(1).optional() });
const STACK_DEFAULT = 'Mithril';
const LISTED_MAX = 1_000;
const FAILED_WITHIN_MS = 24 * 3_600_000;

/** `mithril stack status [--stack NAME]` */
export const stackStatus: Command = async (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const settings = readSettings(session, given);
  const name = options.stack ?? settings.stack ?? STACK_DEFAULT;
  return withStackClients(settings, async (clients) => {
    const stack = await readStack(clients.cloudFormation, name);
    const resources = await listStackResources(clients.cloudFormation, name);
    const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function').length;
    const machines = await readMachines(clients, stack, Date.now());
    const queues = await readQueues(clients.sqs, resources);
    session.terminal.result(describeStatus({ stack, functions, machines, queues }), {
      command: 'stack status',
      ...stack,
      version: stack.outputs['Version'] ?? null,
      commandVersion: VERSION,
      functions,
      machines,
      queues,
    });
    return EXIT.ok;
  });
};

const MACHINES = {
  checkpoint: 'CheckpointStateMachineArn',
  restore: 'RestoreStateMachineArn',
  dedup: 'DedupStateMachineArn',
} as const;

function readMachines(
  { sfn }: StackClients,
  { outputs }: StackFacts,
  nowMs: number,
): Promise<readonly MachineFacts[]> {
  const known = Object.entries(MACHINES).flatMap(([name, output]) => {
    const arn = outputs[output];
    return arn === undefined ? [] : [{ name, arn }];
  });
  return Promise.all(
    known.map(async ({ name, arn }) => ({
      name,
      running: await listExecutions(sfn, arn, 'RUNNING', 0),
      failed: [
        ...(await listExecutions(sfn, arn, 'FAILED', nowMs - FAILED_WITHIN_MS)),
        ...(await listExecutions(sfn, arn, 'TIMED_OUT', nowMs - FAILED_WITHIN_MS)),
      ],
    })),
  );
}

/** Names, the newest first; one page is enough to see that there are many. */
async function listExecutions(
  sfn: SFNClient,
  stateMachineArn: string,
  statusFilter: 'RUNNING' | 'FAILED' | 'TIMED_OUT',
  sinceMs: number,
): Promise<readonly string[]> {
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({ stateMachineArn, statusFilter, maxResults: LISTED_MAX }),
  );
  return executions
    .filter(({ stopDate }) => (stopDate?.getTime() ?? Infinity) >= sinceMs)
    .map(({ name }) => name ?? '');
}

function readQueues(
  sqs: SQSClient,
  resources: readonly StackResource[],
): Promise<readonly QueueFacts[]> {
  const queues = resources.filter(({ type }) => type === 'AWS::SQS::Queue');
  return Promise.all(
    queues.map(async ({ id, logicalId }) => {
      const { Attributes: it = {} } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: id,
          AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
        }),
      );
      return {
        kind: logicalId.includes('DeadLetters') ? ('dead letters' as const) : ('events' as const),
        waiting: Number(it.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(it.ApproximateNumberOfMessagesNotVisible ?? 0),
      };
    }),
  );
}
