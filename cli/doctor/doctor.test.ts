import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import {
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetLayerVersionByArnCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import {
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../../shared/contracts/version.ts';
import { Terminal } from '../terminal.ts';
import { doctor } from './doctor.ts';

const sts = mockClient(STSClient);
const lambda = mockClient(LambdaClient);
const s3 = mockClient(S3Client);
const cloudFormation = mockClient(CloudFormationClient);

const SETTINGS = `
region = "eu-west-1"
stack = "Team"
[checkpoints]
source_bucket = "source"
store_bucket = "store"
table = "table"
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-doctor-'));
  await writeFile(join(folder, 'mithril.toml'), SETTINGS);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An account in which all is well. */
beforeEach(() => {
  for (const mock of [sts, lambda, s3, cloudFormation]) mock.reset();
  const arn = 'arn:aws:sts::111122223333:assumed-role/team/person';
  sts.on(GetCallerIdentityCommand).resolves({ Account: '111122223333', Arn: arn });
  const limits = { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 900 };
  lambda.on(GetAccountSettingsCommand).resolves({ AccountLimit: limits });
  lambda.on(GetFunctionCommand).resolves({
    Configuration: {
      State: 'Active',
      LastUpdateStatus: 'Successful',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Layers: [{ Arn: 'layer:1' }],
    },
    Concurrency: { ReservedConcurrentExecutions: 50 },
  });
  lambda.on(GetLayerVersionByArnCommand).resolves({ CompatibleArchitectures: ['arm64'] });
  lambda
    .on(ListEventSourceMappingsCommand, { FunctionName: 'start' })
    .resolves({ EventSourceMappings: [{ UUID: 'u', State: 'Enabled' }] });
  cloudFormation.on(DescribeStacksCommand).resolves({
    Stacks: [
      {
        StackName: 'Team',
        CreationTime: new Date(0),
        StackStatus: 'CREATE_COMPLETE',
        Outputs: [{ OutputKey: 'Version', OutputValue: VERSION }],
      },
    ],
  });
  const resource = (
    ResourceType: string,
    LogicalResourceId: string,
    PhysicalResourceId: string,
  ) => ({
    ResourceType,
    LogicalResourceId,
    PhysicalResourceId,
    LastUpdatedTimestamp: new Date(0),
    ResourceStatus: 'CREATE_COMPLETE' as const,
  });
  cloudFormation
    .on(ListStackResourcesCommand, { StackName: 'Team' })
    .resolves({
      StackResourceSummaries: [
        resource('AWS::Lambda::Function', 'IngestStartFunction', 'start'),
        resource('AWS::Lambda::Function', 'PipelineEncodeFunction', 'encode'),
      ],
      NextToken: 'more',
    })
    .on(ListStackResourcesCommand, { StackName: 'Team', NextToken: 'more' })
    .resolves({
      StackResourceSummaries: [
        resource('AWS::SQS::Queue', 'IngestEvents', 'https://sqs.eu-west-1.amazonaws.com/1/events'),
      ],
    });
  s3.on(GetBucketVersioningCommand).resolves({ Status: 'Enabled' });
  const QueueArn = 'arn:aws:sqs:eu-west-1:1:events';
  s3.on(GetBucketNotificationConfigurationCommand).resolves({
    QueueConfigurations: [{ QueueArn, Events: [] }],
  });
  s3.on(ListObjectVersionsCommand).resolves({});
});

const answerSchema = z.object({
  isOk: z.boolean(),
  checks: z.array(
    z.object({ name: z.string(), kind: z.string(), text: z.string(), advice: z.string() }),
  ),
});

async function run() {
  let stdout = '';
  const out = { isTTY: false, columns: 80, write: (text: string) => ((stdout += text), true) };
  const terminal = new Terminal({
    out,
    err: { ...out, write: () => true },
    env: {},
    isQuiet: true,
    isVerbose: false,
    isJson: true,
  });
  const { signal } = new AbortController();
  const interruption = { signal, exitCode: null, onExit: () => () => undefined };
  const session = { terminal, interruption, env: {}, cwd: folder };
  const code = await doctor(session, [], {});
  const answer = answerSchema.parse(JSON.parse(stdout));
  return {
    code,
    ...answer,
    of: (name: string) => answer.checks.find((check) => check.name === name),
  };
}

const denied = Object.assign(new Error('not authorized to perform it'), {
  name: 'AccessDeniedException',
});

describe('mithril doctor, in an account', () => {
  it('finds all well, with who asks and what runs', async () => {
    const { code, of, checks } = await run();
    const aws = checks.slice(checks.findIndex(({ name }) => name === 'AWS credentials'));
    expect(aws.map(({ name, kind }) => [name, kind])).toEqual([
      ['AWS credentials', 'ok'],
      ['stack', 'ok'],
      ['concurrency', 'ok'],
      ['functions', 'ok'],
      ['events', 'ok'],
      ['versions', 'ok'],
      ['notifications', 'ok'],
      ['store bucket', 'ok'],
    ]);
    expect(of('AWS credentials')?.text).toBe(
      'assumed-role/team/person of account 111122223333, eu-west-1',
    );
    expect(of('concurrency')?.text).toContain('the stack reserves 100');
    expect(code).toBe(0);
  });

  it('says which right a check needs, and goes on', async () => {
    lambda.on(GetAccountSettingsCommand).rejects(denied);
    s3.on(GetBucketVersioningCommand).rejects(Object.assign(new Error(), { name: 'AccessDenied' }));
    const { code, of } = await run();
    expect(of('concurrency')).toMatchObject({
      kind: 'warn',
      advice: 'The check needs lambda:GetAccountSettings.',
    });
    expect(of('versions')).toMatchObject({ kind: 'warn' });
    expect([code, of('store bucket')?.kind]).toEqual([0, 'ok']);
  });

  it('fails by exit code where the stack is gone or a layer does not fit', async () => {
    lambda.on(GetLayerVersionByArnCommand).resolves({ CompatibleArchitectures: ['x86_64'] });
    const missing = new Error('Stack with id Team does not exist');
    cloudFormation.on(DescribeStacksCommand).rejects(missing);
    const { code, isOk, of } = await run();
    expect(of('functions')).toMatchObject({ kind: 'fail' });
    expect(of('stack')).toMatchObject({
      kind: 'fail',
      text: 'there is no stack Team in eu-west-1',
      advice: expect.stringContaining('npx cdk deploy'),
    });
    expect([code, isOk]).toEqual([1, false]);
  });

  it('asks nothing more where the credentials have expired', async () => {
    const expired = Object.assign(new Error('The token has expired'), { name: 'ExpiredToken' });
    sts.on(GetCallerIdentityCommand).rejects(expired);
    const { code, of, checks } = await run();
    expect(of('AWS credentials')).toMatchObject({
      kind: 'fail',
      advice: 'Sign in again, for example: aws sso login',
    });
    expect(checks.at(-1)?.name).toBe('AWS credentials');
    expect(lambda.calls()).toHaveLength(0);
    expect(code).toBe(1);
  });
});
