// A bucket of the team, opted in by name: EventBridge brings its events, its own notifications stay.
import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { beforeAll, expect, test } from 'vitest';
import { clientConfig, deployAssembly } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { createS3Client } from '../../shared/adapters/s3/create-s3-client.ts';
import { stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { prepareCheckpointStack } from './fixtures/checkpoint-stack.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';
import { PipelineClient } from './fixtures/pipeline-client.ts';
import { createSafetensors } from './fixtures/safetensors.ts';

const BUCKET = 'team-models';
const CASE_MS = 120_000;
const MODEL = createSafetensors([{ name: 'w', dtype: 'F32', values: 50_000 }], 3);

await describeOnLocalStack('an existing bucket on the local stack', (stack) => {
  let pipeline: PipelineClient;
  const s3 = () => createS3Client(clientConfig(stack.endpoint()));
  const readNotifications = async () => {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket: BUCKET });
    const { $metadata: _, ...configuration } = await s3().send(command);
    return configuration;
  };

  /** The team has a notification of its own, and has run the command of the stack's outputs. */
  const createTeamBucket = async (): Promise<void> => {
    const sqs = new SQSClient(clientConfig(stack.endpoint()));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'team-events' }));
    const asked = { QueueUrl, AttributeNames: ['QueueArn' as const] };
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand(asked));
    await s3().send(new CreateBucketCommand({ Bucket: BUCKET }));
    const own = { Id: 'team', QueueArn: Attributes?.['QueueArn'] };
    await s3().send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: BUCKET,
        NotificationConfiguration: {
          EventBridgeConfiguration: {},
          QueueConfigurations: [{ ...own, Events: ['s3:ObjectCreated:Put'] }],
        },
      }),
    );
  };

  beforeAll(async () => {
    await createTeamBucket();
    const cdkOut = prepareCheckpointStack(stack.folder(), {
      stackName: 'Team',
      source: { kind: 'existing', bucketName: BUCKET, prefixes: ['runs/'] },
    });
    const { outputs } = await deployAssembly({
      endpoint: stack.endpoint(),
      cdkOut,
      stackName: 'Team',
      parameters: { Workers: '2' },
    });
    pipeline = new PipelineClient(stack.endpoint(), stackOutputsSchema.parse(outputs));
  }, CASE_MS);

  test('an upload under the prefix becomes VERIFIED', { timeout: CASE_MS }, async () => {
    const before = await readNotifications();
    const object = await pipeline.upload('runs/a/step-1/w.safetensors', MODEL);
    expect(object.versionId).toBeNull();
    expect(await pipeline.settledRow(object)).toMatchObject({ state: 'VERIFIED' });
    expect(await readNotifications()).toEqual(before);
    expect(before.QueueConfigurations).toHaveLength(1);
  });

  test('an upload elsewhere starts nothing', { timeout: CASE_MS }, async () => {
    const before = await pipeline.executions();
    const outside = await pipeline.upload('private/w.safetensors', MODEL);
    await pipeline.repeatEvent(outside);
    expect(await pipeline.executions()).toEqual(before);
  });
});
