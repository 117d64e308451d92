import { setTimeout as sleep } from 'node:timers/promises';
import { openDedupStages } from '../../../shared/adapters/native/dedup-stages.ts';
import { createS3Client } from '../../../shared/adapters/s3/create-s3-client.ts';
import { createS3MultipartStore } from '../../../shared/adapters/s3/s3-multipart-store.ts';
import { createS3ObjectStore } from '../../../shared/adapters/s3/s3-object-store.ts';
import { createSfnClient } from '../../../shared/adapters/sfn/create-sfn-client.ts';
import { createSfnWorkflow } from '../../../shared/adapters/sfn/sfn-workflow.ts';
import type { DedupContext } from '../../../shared/app/dedup/context.ts';
import type { Place } from '../../../shared/contracts/dedup-job.ts';
import type { Workflow } from '../../../shared/ports/workflow.ts';
import { parseS3Uri } from '../../ckpt/s3-uri.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-code.ts';
import { awsClientOptions } from '../../hosts/aws-options.ts';
import { localParts } from '../../hosts/local-context.ts';
import type { Session } from '../../session.ts';
import { readSettings } from '../../settings/read-settings.ts';
import type { Settings } from '../../settings/settings.ts';

export interface JobHost {
  readonly context: DedupContext & { readonly workflow: Workflow };
}

/** Opens the account that the settings name, and closes it whatever happens. */
export async function withJobHost<Result>(
  session: Session,
  options: unknown,
  use: (host: JobHost) => Promise<Result>,
): Promise<Result> {
  return openJobHost(session, readSettings(session, options), use);
}

export async function openJobHost<Result>(
  session: Session,
  settings: Settings,
  use: (host: JobHost) => Promise<Result>,
): Promise<Result> {
  const { storeBucket, dedupStateMachineArn } = settings;
  if (storeBucket === null || dedupStateMachineArn === null) {
    throw new CliError('the settings name no dedup job (dedup.state_machine_arn)', {
      exitCode: EXIT.usage,
      advice:
        'After cdk deploy write them with: mithril stack config --stack NAME\n' +
        'For the local stack: mithril local up, then MITHRIL_CONFIG=.mithril/local/mithril.toml\n' +
        'For files of this machine: mithril dedup IN... -o OUT',
    });
  }
  const clientOptions = awsClientOptions(settings, process.env);
  const s3 = createS3Client(clientOptions);
  const sfn = createSfnClient(clientOptions);
  try {
    return await use({
      context: {
        ...localParts(session),
        objects: createS3ObjectStore(s3),
        multipart: createS3MultipartStore(s3),
        stages: openDedupStages(),
        settings: { storeBucket, limits: {} },
        workflow: createSfnWorkflow(sfn, dedupStateMachineArn),
      },
    });
  } finally {
    s3.destroy();
    sfn.destroy();
  }
}

/** A prefix as a person writes it; a whole bucket is none. */
export function parsePlace(uri: string): Place {
  const { bucket, key } = parseS3Uri(uri);
  if (key !== '') return { bucket, prefix: key };
  throw new CliError(`the URI names a whole bucket: ${uri}`, {
    exitCode: EXIT.usage,
    advice: 'Expected s3://BUCKET/PREFIX/.',
  });
}

/** An output is a folder, whether its slash was written or not. */
export function parseOutput(uri: string): Place {
  const { bucket, prefix } = parsePlace(uri);
  return { bucket, prefix: prefix.endsWith('/') ? prefix : `${prefix}/` };
}

/** Waits, and no longer after Ctrl-C. */
export async function pause(session: Session, ms: number): Promise<void> {
  const { signal } = session.interruption;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
