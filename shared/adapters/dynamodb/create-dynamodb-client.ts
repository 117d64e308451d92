import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type AwsClientOptions, awsClientConfig } from '../aws/client-options.ts';

/** The only place where a DynamoDB client is made. */
export const createDynamoDbClient = (options: AwsClientOptions = {}): DynamoDBClient =>
  new DynamoDBClient(awsClientConfig(options));
