// The pinned CDK command deploys our template to the local stack as it does to an account: bootstrap, deploy, deploy again,
// destroy; and what it deployed works.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { clientConfig } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import {
  LOCAL_ACCOUNT,
  LOCAL_REGION,
} from '../../shared/adapters/local-stack/ministack-environment.ts';
import { stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { runCdk } from './fixtures/cdk-cli.ts';
import { prepareCheckpointStack } from './fixtures/checkpoint-stack.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';
import { PipelineClient } from './fixtures/pipeline-client.ts';
import { createSafetensors } from './fixtures/safetensors.ts';

const TEST_MS = 300_000;
const TARGET = `aws://${LOCAL_ACCOUNT}/${LOCAL_REGION}`;

await describeOnLocalStack('cdk deploy on the local stack', (stack) => {
  const cdk = (...args: string[]) => runCdk(stack.endpoint(), stack.folder(), args);
  const describeStack = async () => {
    const describe = new DescribeStacksCommand({ StackName: 'Mithril' });
    const client = new CloudFormationClient(clientConfig(stack.endpoint()));
    return (await client.send(describe)).Stacks?.[0];
  };

  test('bootstrap, deploy, deploy without changes, an upload, destroy', {
    timeout: TEST_MS,
  }, async () => {
    const app = prepareCheckpointStack(stack.folder(), {});
    expect(await cdk('bootstrap', TARGET)).toContain('bootstrapped');
    const deploy = ['deploy', 'Mithril', '--app', app, '--require-approval', 'never'];
    await cdk(...deploy, '--parameters', 'Workers=2');
    const deployed = await describeStack();
    expect(deployed).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    expect(deployed?.Parameters).toContainEqual({ ParameterKey: 'Workers', ParameterValue: '2' });
    expect(await cdk(...deploy)).toContain('no changes');

    const outputs = deployed?.Outputs?.map((it) => [it.OutputKey, it.OutputValue]) ?? [];
    const pipeline = new PipelineClient(
      stack.endpoint(),
      stackOutputsSchema.parse(Object.fromEntries(outputs)),
    );
    const bytes = createSafetensors([{ name: 'weight', dtype: 'F32', values: 50_000 }], 1);
    const object = await pipeline.upload('checkpoints/run/step-1/model.safetensors', bytes);
    expect(await pipeline.settledRow(object)).toMatchObject({ state: 'VERIFIED' });

    await cdk('destroy', 'Mithril', '--app', app, '--force');
    await expect(describeStack()).rejects.toThrow('does not exist');
  });
});
