import { GetAccountSettingsCommand, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import {
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { createS3ObjectStore } from '../../shared/adapters/s3/s3-object-store.ts';
import { CHECKPOINTS_PREFIX } from '../../shared/contracts/checkpoint-keys.ts';
import { type FunctionFacts, readFunctions } from '../aws/read-functions.ts';
import {
  listStackResources,
  readStack,
  type StackFacts,
  type StackResource,
} from '../aws/read-stack.ts';
import type { StackClients } from '../aws/stack-clients.ts';
import type { Settings } from '../settings/settings.ts';
import { type Check, ok, warn } from './check.ts';
import { judgeConcurrency } from './judge-account.ts';
import { judgeEvents, judgeMapping, judgeVersioning } from './judge-source.ts';
import { judgeFunctions, judgeStack } from './judge-stack.ts';

/** What a person's account has to have, and what the deployed stack looks like. */
export function awsChecks(clients: StackClients, settings: Settings): readonly Check[] {
  const { stack, sourceBucket, storeBucket } = settings;
  if (stack === null) {
    return [
      concurrencyCheck(clients, null),
      { name: 'stack', run: () => Promise.resolve(noStack()) },
      ...(storeBucket === null ? [] : [storeCheck(clients, storeBucket)]),
    ];
  }
  const facts = once(() => readStack(clients.cloudFormation, stack));
  const resources = once(() => listStackResources(clients.cloudFormation, stack));
  const functions = once(async () => readFunctions(clients.lambda, await resources()));
  return [
    {
      name: 'stack',
      right: 'cloudformation:DescribeStacks',
      run: async () => judgeStack(await facts()),
    },
    concurrencyCheck(clients, functions),
    {
      name: 'functions',
      right: 'lambda:GetFunction and lambda:GetLayerVersion',
      run: async () => judgeFunctions(await functions()),
    },
    eventsCheck(clients, resources),
    ...(sourceBucket === null ? [] : sourceChecks(clients, { facts, sourceBucket, resources })),
    ...(storeBucket === null ? [] : [storeCheck(clients, storeBucket)]),
  ];
}

const noStack = () =>
  warn('the settings name none', 'After cdk deploy: mithril stack config --stack NAME');

type Resources = () => Promise<readonly StackResource[]>;
type Functions = () => Promise<readonly FunctionFacts[]>;

function concurrencyCheck({ lambda }: StackClients, functions: Functions | null): Check {
  return {
    name: 'concurrency',
    right: 'lambda:GetAccountSettings',
    run: async () => {
      const { AccountLimit: limits } = await lambda.send(new GetAccountSettingsCommand({}));
      const limit = limits?.ConcurrentExecutions ?? 0;
      const account = { limit, unreserved: limits?.UnreservedConcurrentExecutions ?? limit };
      return judgeConcurrency(account, functions === null ? null : await functions());
    },
  };
}

function eventsCheck({ lambda }: StackClients, resources: Resources): Check {
  return {
    name: 'events',
    right: 'lambda:ListEventSourceMappings',
    run: async () => {
      const start = (await resources()).find(
        ({ type, logicalId }) =>
          type === 'AWS::Lambda::Function' && logicalId.includes('IngestStart'),
      );
      const command = new ListEventSourceMappingsCommand({ FunctionName: start?.id });
      const [found] = (await lambda.send(command)).EventSourceMappings ?? [];
      const {
        UUID: uuid = '',
        State: state = '',
        LastProcessingResult: lastResult = '',
      } = {
        ...found,
      };
      return judgeMapping(found === undefined ? null : { uuid, state, lastResult });
    },
  };
}

interface SourceOfStack {
  readonly facts: () => Promise<StackFacts>;
  readonly sourceBucket: string;
  readonly resources: Resources;
}

function sourceChecks(clients: StackClients, it: SourceOfStack): readonly Check[] {
  const Bucket = it.sourceBucket;
  return [
    {
      name: 'versions',
      right: 's3:GetBucketVersioning',
      run: async () => {
        const { Status } = await clients.s3.send(new GetBucketVersioningCommand({ Bucket }));
        return judgeVersioning(Bucket, Status);
      },
    },
    {
      name: 'notifications',
      right: 's3:GetBucketNotification',
      run: async () => {
        const command = new GetBucketNotificationConfigurationCommand({ Bucket });
        const { outputs } = await it.facts();
        const queues = (await it.resources()).filter(({ type }) => type === 'AWS::SQS::Queue');
        return judgeEvents({
          bucket: Bucket,
          notification: await clients.s3.send(command),
          queueNames: queues.map(({ id }) => id.slice(id.lastIndexOf('/') + 1)),
          enableCommand: outputs['EnableEventsCommand'],
        });
      },
    },
  ];
}

function storeCheck({ s3 }: StackClients, bucket: string): Check {
  return {
    name: 'store bucket',
    right: 's3:ListBucketVersions',
    run: async () => {
      await createS3ObjectStore(s3).listPage(bucket, CHECKPOINTS_PREFIX, null);
      return ok(`${bucket} answers`);
    },
  };
}

/** The answer is asked for once; a failure is not kept. */
function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let asked: Promise<Answer> | null = null;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}
