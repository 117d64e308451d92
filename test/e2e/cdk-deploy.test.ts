// The pinned CDK command deploys to the local stack as it does to an account: bootstrap, deploy, deploy again, destroy.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { clientConfig } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import {
  LOCAL_ACCOUNT,
  LOCAL_REGION,
} from '../../shared/adapters/local-stack/ministack-environment.ts';
import { runCdk } from './fixtures/cdk-cli.ts';
import { prepareAssembly } from './fixtures/go-no-go/prepare.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';

const EXISTING_BUCKET = 'cdk-deploy-existing';

await describeOnLocalStack('cdk deploy on the local stack', (stack) => {
  const cdk = (...args: string[]) => runCdk(stack.endpoint(), stack.folder(), args);
  const client = () => clientConfig(stack.endpoint());
  const describeStack = async () => {
    const describe = new DescribeStacksCommand({ StackName: 'GoNoGo' });
    return (await new CloudFormationClient(client()).send(describe)).Stacks?.[0];
  };

  test('bootstrap, deploy, deploy again without changes, destroy', {
    timeout: 300_000,
  }, async () => {
    await new S3Client(client()).send(new CreateBucketCommand({ Bucket: EXISTING_BUCKET }));
    const app = prepareAssembly(stack.folder(), EXISTING_BUCKET);
    const target = `aws://${LOCAL_ACCOUNT}/${LOCAL_REGION}`;
    expect(await cdk('bootstrap', target)).toContain('bootstrapped');
    const deploy = ['deploy', 'GoNoGo', '--app', app, '--require-approval', 'never'];
    await cdk(...deploy, '--parameters', 'MapConcurrency=4');
    const deployed = await describeStack();
    expect(deployed).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    expect(deployed?.Parameters).toContainEqual({
      ParameterKey: 'MapConcurrency',
      ParameterValue: '4',
    });
    expect(await cdk(...deploy)).toContain('no changes');
    await cdk('destroy', 'GoNoGo', '--app', app, '--force');
    await expect(describeStack()).rejects.toThrow('does not exist');
  });
});
