// The go/no-go of the local stack: it has to do what AWS does for every construct that our template uses. When this
// fails after an upgrade of MiniStack, a local pass of the pipeline says nothing any more: fix docs/local-stack.md first.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import {
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient, PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  ExecutionAlreadyExists,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { beforeAll, expect, test } from 'vitest';
import {
  clientConfig,
  type Deployment,
  deployAssembly,
} from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { prepareAssembly } from './fixtures/go-no-go/prepare.ts';
import { describeOnLocalStack, eventually } from './fixtures/local-stack-fixture.ts';

const EXISTING_BUCKET = 'go-no-go-existing';
const SETTLED_MS = 30_000;
const THROTTLED_MS = 500;

await describeOnLocalStack(
  'go/no-go: the constructs of our template on the local stack',
  (stack) => {
    let deployment: Deployment;
    let cdkOut = '';
    const out = (name: string): string => deployment.outputs[name] ?? `no output ${name}`;
    const client = () => clientConfig(stack.endpoint());
    const deploy = () =>
      deployAssembly({
        endpoint: stack.endpoint(),
        cdkOut,
        stackName: 'GoNoGo',
        parameters: { MapConcurrency: '4' },
      });
    const put = (Bucket: string, Key: string) =>
      new S3Client(client()).send(new PutObjectCommand({ Bucket, Key, Body: 'a checkpoint' }));
    const startExecution = (name: string) => {
      const input = JSON.stringify({ id: name, key: 'by-hand' });
      const command = new StartExecutionCommand({
        stateMachineArn: out('StateMachine'),
        name,
        input,
      });
      return new SFNClient(client()).send(command);
    };
    const settled = async (executionArn: string) =>
      eventually(`${executionArn} has ended`, SETTLED_MS, async () => {
        const found = await new SFNClient(client()).send(
          new DescribeExecutionCommand({ executionArn }),
        );
        return found.status === 'RUNNING' ? null : found;
      });
    /** The execution that an upload of `key` started. */
    const executionOf = (key: string) =>
      eventually(`an execution for ${key}`, SETTLED_MS, async () => {
        const sfn = new SFNClient(client());
        const list = new ListExecutionsCommand({ stateMachineArn: out('StateMachine') });
        for (const { executionArn } of (await sfn.send(list)).executions ?? []) {
          const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
          if (found.input?.includes(JSON.stringify(key))) return found;
        }
        return null;
      });

    beforeAll(async () => {
      const s3 = new S3Client(client());
      await s3.send(new CreateBucketCommand({ Bucket: EXISTING_BUCKET }));
      await s3.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket: EXISTING_BUCKET,
          NotificationConfiguration: { EventBridgeConfiguration: {} },
        }),
      );
      cdkOut = prepareAssembly(stack.folder(), EXISTING_BUCKET);
      deployment = await deploy();
    });

    test('every resource of the stack is created, and a second deployment changes nothing', async () => {
      expect(deployment).toMatchObject({ kind: 'created', assets: { uploaded: 3 } });
      const cloudFormation = new CloudFormationClient(client());
      const found = await cloudFormation.send(
        new DescribeStackResourcesCommand({ StackName: 'GoNoGo' }),
      );
      const resources = found.StackResources ?? [];
      expect(resources.filter((it) => it.ResourceStatus !== 'CREATE_COMPLETE')).toEqual([]);
      const types = new Set(resources.map((it) => it.ResourceType));
      for (const type of ['AWS::KMS::Key', 'AWS::CloudWatch::Alarm', 'AWS::Logs::MetricFilter']) {
        expect(types).toContain(type);
      }
      expect(await deploy()).toMatchObject({
        kind: 'unchanged',
        assets: { uploaded: 0, skipped: 3 },
      });
    });

    test('an upload to our own bucket runs the pipeline to its end', async () => {
      await put(out('UploadsBucket'), 'elsewhere/ignored.safetensors');
      await put(out('UploadsBucket'), 'checkpoints/run-1/step-1/model.safetensors');
      const execution = await executionOf('checkpoints/run-1/step-1/model.safetensors');
      const ended = await settled(execution.executionArn ?? '');
      expect(ended).toMatchObject({ status: 'SUCCEEDED' });
      // The Map's own result is only its children's empty objects, and 40 batches were retried to completion.
      expect(JSON.parse(ended.output ?? '')).toMatchObject({
        commit: { outcome: 'committed', results: 40 },
      });
      const sfn = new SFNClient(client());
      const { mapRuns } = await sfn.send(
        new ListMapRunsCommand({ executionArn: ended.executionArn }),
      );
      const mapRun = await sfn.send(
        new DescribeMapRunCommand({ mapRunArn: mapRuns?.[0]?.mapRunArn }),
      );
      expect(mapRun).toMatchObject({
        status: 'SUCCEEDED',
        maxConcurrency: 4,
        itemCounts: { succeeded: 40 },
      });
      const list = new ListExecutionsCommand({ stateMachineArn: out('StateMachine') });
      const { executions } = await sfn.send(list);
      expect(executions, 'the upload outside the prefix starts nothing').toHaveLength(1);
    });

    test('an upload to an existing bucket arrives by its EventBridge rule, with any key', async () => {
      const key = 'models/a b+c%2e/\u00fc\u2028.safetensors';
      await put(EXISTING_BUCKET, 'private/ignored.safetensors');
      await put(EXISTING_BUCKET, key);
      const execution = await executionOf(key);
      expect(await settled(execution.executionArn ?? '')).toMatchObject({ status: 'SUCCEEDED' });
    });

    test('a message that always fails goes to the dead-letter queue, and only that one', async () => {
      await put(out('UploadsBucket'), 'checkpoints/poison');
      await put(out('UploadsBucket'), 'checkpoints/skip-me');
      const body = await eventually('a dead letter', SETTLED_MS, async () => {
        const receive = new ReceiveMessageCommand({
          QueueUrl: out('DeadLettersUrl'),
          WaitTimeSeconds: 1,
        });
        return (await new SQSClient(client()).send(receive)).Messages?.[0]?.Body ?? null;
      });
      expect(body).toContain('checkpoints/poison');
      const skipped = await executionOf('checkpoints/skip-me');
      expect(await settled(skipped.executionArn ?? '')).toMatchObject({ status: 'SUCCEEDED' });
    });

    test('a throttled function is retried', async () => {
      const limitTo = (ReservedConcurrentExecutions: number) =>
        new LambdaClient(client()).send(
          new PutFunctionConcurrencyCommand({
            FunctionName: out('Encode'),
            ReservedConcurrentExecutions,
          }),
        );
      await limitTo(0);
      const { executionArn = '' } = await startExecution('throttled');
      await eventually('the Map has started', SETTLED_MS, async () => {
        const list = new ListMapRunsCommand({ executionArn });
        return (await new SFNClient(client()).send(list)).mapRuns?.[0] ?? null;
      });
      await sleep(THROTTLED_MS);
      await limitTo(2);
      expect(await settled(executionArn)).toMatchObject({ status: 'SUCCEEDED' });
    });

    test('the name of an execution is taken once, and StopExecution ends it with the given reason', async () => {
      const { executionArn = '' } = await startExecution('stopped');
      await expect(startExecution('stopped')).rejects.toThrow(ExecutionAlreadyExists);
      const stop = new StopExecutionCommand({ executionArn, error: 'Superseded', cause: 'newer' });
      await new SFNClient(client()).send(stop);
      expect(await settled(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Superseded' });
    });

    test('a handler finds the endpoint, region and credentials in its environment', async () => {
      const invoke = new InvokeCommand({ FunctionName: out('Probe'), Payload: '{}' });
      const { Payload, FunctionError } = await new LambdaClient(client()).send(invoke);
      expect(FunctionError).toBeUndefined();
      expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toMatchObject({
        environment: {
          AWS_ENDPOINT_URL: stack.endpoint(),
          AWS_REGION: 'us-east-1',
          AWS_PROFILE: null,
        },
        node: process.version,
      });
    });

    test('the schedule and the parameter are there', async () => {
      const eventBridge = new EventBridgeClient(client());
      const { Rules } = await eventBridge.send(new ListRulesCommand({}));
      const rule = Rules?.find((it) => it.ScheduleExpression === 'rate(1 minute)');
      expect(rule).toMatchObject({ State: 'ENABLED' });
      const { Targets } = await eventBridge.send(
        new ListTargetsByRuleCommand({ Rule: rule?.Name }),
      );
      expect(Targets).toMatchObject([{ Input: '{"id":"scheduled"}' }]);
      const get = new GetParameterCommand({ Name: out('Setting') });
      expect((await new SSMClient(client()).send(get)).Parameter?.Value).toBe('true');
    });
  },
);
