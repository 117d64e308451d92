import { createDynamoDbClient } from '../../shared/adapters/dynamodb/create-dynamodb-client.ts';
import { createDynamoDbEntryTable } from '../../shared/adapters/dynamodb/dynamodb-entry-table.ts';
import { createNativeCodec } from '../../shared/adapters/native/native-codec.ts';
import { createS3Client } from '../../shared/adapters/s3/create-s3-client.ts';
import { createS3MultipartStore } from '../../shared/adapters/s3/s3-multipart-store.ts';
import { createS3ObjectStore } from '../../shared/adapters/s3/s3-object-store.ts';
import { createS3VersionRetirer } from '../../shared/adapters/s3/s3-version-retirer.ts';
import { createSfnClient } from '../../shared/adapters/sfn/create-sfn-client.ts';
import { createSfnWorkflow } from '../../shared/adapters/sfn/sfn-workflow.ts';
import { withCompressedDocuments } from '../../shared/adapters/zstd/compressed-documents.ts';
import { createZstdCompressor } from '../../shared/adapters/zstd/zstd-compressor.ts';
import { isCompressedDocument } from '../../shared/contracts/checkpoint-keys.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import type { Session } from '../session.ts';
import type { Settings } from '../settings/settings.ts';
import { awsClientOptions } from './aws-options.ts';
import type { Host } from './host.ts';
import { checkpointSettings, localParts } from './local-context.ts';

/** A team's account, or the local stack by its endpoint. */
export function openAwsHost(session: Session, settings: Settings): Host {
  const storeBucket = required(settings, settings.storeBucket, 'checkpoints.store_bucket');
  const tableName = required(settings, settings.table, 'checkpoints.table');
  const sourceBucket = required(settings, settings.sourceBucket, 'checkpoints.source_bucket');
  const machine = required(settings, settings.stateMachineArn, 'checkpoints.state_machine_arn');
  const options = awsClientOptions(settings, process.env);
  const s3 = createS3Client(options);
  const dynamodb = createDynamoDbClient(options);
  const sfn = createSfnClient(options);
  const restoreArn = settings.restoreStateMachineArn;
  return {
    settings,
    context: {
      ...localParts(session),
      objects: withCompressedDocuments(
        createS3ObjectStore(s3),
        createZstdCompressor(),
        isCompressedDocument,
      ),
      table: createDynamoDbEntryTable(dynamodb, { tableName }),
      codec: createNativeCodec(),
      workflow: createSfnWorkflow(sfn, machine),
      multipart: createS3MultipartStore(s3),
      retirer: createS3VersionRetirer(s3),
      settings: checkpointSettings(settings, { storeBucket, sourceBucket }),
    },
    restoreWorkflow: restoreArn === null ? null : createSfnWorkflow(sfn, restoreArn),
    close: () => {
      for (const client of [s3, dynamodb, sfn]) client.destroy();
      return Promise.resolve();
    },
  };
}

function required(settings: Settings, value: string | null, name: string): string {
  if (value !== null) return value;
  const files = settings.origins.filter((origin) => origin.endsWith('.toml'));
  const where = files.length > 0 ? files.join(', ') : 'no mithril.toml was found';
  throw new CliError(`the settings do not say ${name} (${where})`, {
    exitCode: EXIT.usage,
    advice:
      'After cdk deploy write them with: mithril stack config --stack NAME\n' +
      'For the local stack: mithril local up, then MITHRIL_CONFIG=.mithril/local/mithril.toml',
  });
}
