import { SFNClient } from '@aws-sdk/client-sfn';
import { type AwsClientOptions, awsClientConfig } from '../aws/client-options.ts';

/** The only place where a Step Functions client is made. */
export const createSfnClient = (options: AwsClientOptions = {}): SFNClient =>
  new SFNClient(awsClientConfig(options));
