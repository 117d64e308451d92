import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  type AwsClientOptions,
  awsClientConfig,
} from '../../shared/adapters/aws/client-options.ts';
import { CliError } from '../cli-error.ts';

/** Outputs of a CloudFormation stack, by name. */
export async function readStackOutputs(
  options: AwsClientOptions,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const client = new CloudFormationClient(awsClientConfig(options));
  try {
    const { Stacks: stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map((it) => [it.OutputKey ?? '', it.OutputValue ?? '']));
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('does not exist')) {
      const place = options.region === undefined ? '' : ` in ${options.region}`;
      throw new CliError(`there is no stack ${name}${place}`, {
        advice: 'Name it with --stack, and its Region with --region; or deploy: npx cdk deploy',
        cause,
      });
    }
    throw cause;
  } finally {
    client.destroy();
  }
}
