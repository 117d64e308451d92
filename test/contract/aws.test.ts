import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateStateMachineCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe } from 'vitest';
import { locateMiniStack } from '../../scripts/setup/ministack.mjs';
import type { AwsClientOptions } from '../../shared/adapters/aws/client-options.ts';
import { type LocalStack, startLocalStack } from '../../shared/adapters/local-stack/local-stack.ts';
import { createSfnClient } from '../../shared/adapters/sfn/create-sfn-client.ts';
import { createSfnWorkflow } from '../../shared/adapters/sfn/sfn-workflow.ts';
import { openBlobHost, openDynamoDbHost, openS3Host } from './aws-hosts.ts';
import { describeBlobLinks } from './blob-links.ts';
import { describeBlobStore } from './blob-store.ts';
import { describeEntryTable } from './entry-table.ts';
import { describeMultipartStore } from './multipart-store.ts';
import { describeObjectStore } from './object-store.ts';
import { describeWorkflow, type WorkflowHost } from './workflow.ts';

const ministack = locateMiniStack();
const why = ministack.ready ? '' : ' (skipped: the local stack is not installed, see npm start)';

describe.skipIf(!ministack.ready)(`AWS adapters on the local stack${why}`, () => {
  let stack: LocalStack;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mithril-contract-'));
    stack = await startLocalStack({ python: ministack.python, dataDir: folder });
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const connection = (): AwsClientOptions => ({
    endpoint: stack.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
  });
  const open = (bucket: string, isVersioned: boolean) => () =>
    openS3Host(connection(), { bucket, isVersioned, hasChecksum: true });

  describeObjectStore('S3, versioned', open('contract-versioned', true));
  describeObjectStore('S3, unversioned', open('contract-plain', false));
  describeMultipartStore('S3', open('contract-multipart', true));
  describeBlobStore('S3', () => openBlobHost(connection(), 'contract-blobs'));
  describeBlobLinks('S3', () => openBlobHost(connection(), 'contract-links'));
  describeEntryTable('DynamoDB', () => openDynamoDbHost(connection()));
  describeWorkflow('Step Functions', () => openWorkflowHost(connection()));
});

const MACHINE = {
  StartAt: 'Decide',
  States: {
    Decide: {
      Type: 'Choice',
      Choices: [
        {
          And: [
            { Variable: '$.fail', IsPresent: true },
            { Variable: '$.fail', BooleanEquals: true },
          ],
          Next: 'Stop',
        },
      ],
      Default: 'Done',
    },
    Stop: { Type: 'Fail', Error: 'Asked', Cause: 'the input said so' },
    Done: { Type: 'Succeed' },
  },
};

async function openWorkflowHost(options: AwsClientOptions): Promise<WorkflowHost> {
  const client = createSfnClient(options);
  const { stateMachineArn = '' } = await client.send(
    new CreateStateMachineCommand({
      name: 'contract',
      definition: JSON.stringify(MACHINE),
      roleArn: 'arn:aws:iam::000000000000:role/contract',
    }),
  );
  const workflow = createSfnWorkflow(client, stateMachineArn);
  return { workflow, close: async () => client.destroy() };
}
