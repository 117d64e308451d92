import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { awsClientConfig } from '../../shared/adapters/aws/client-options.ts';
import { createS3Client } from '../../shared/adapters/s3/create-s3-client.ts';
import { createSfnClient } from '../../shared/adapters/sfn/create-sfn-client.ts';
import { awsClientOptions } from '../hosts/aws-options.ts';
import type { Settings } from '../settings/settings.ts';

/** Clients of the commands that look at a stack from outside. */
export interface StackClients {
  readonly cloudFormation: CloudFormationClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly sqs: SQSClient;
  readonly sts: STSClient;
}

/** A person waits for the answer. */
const ATTEMPTS_MAX = 2;

/** Opens the account that the settings name, and closes it whatever happens. */
export async function withStackClients<Result>(
  settings: Settings,
  use: (clients: StackClients) => Promise<Result>,
): Promise<Result> {
  const options = { ...awsClientOptions(settings, process.env), attemptsMax: ATTEMPTS_MAX };
  const config = awsClientConfig(options);
  const clients: StackClients = {
    cloudFormation: new CloudFormationClient(config),
    lambda: new LambdaClient(config),
    s3: createS3Client(options),
    sfn: createSfnClient(options),
    sqs: new SQSClient(config),
    sts: new STSClient(config),
  };
  try {
    return await use(clients);
  } finally {
    for (const client of Object.values<{ destroy(): void }>({ ...clients })) client.destroy();
  }
}
