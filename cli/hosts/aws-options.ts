import type { AwsClientOptions } from '../../shared/adapters/aws/client-options.ts';
import type { Settings } from '../settings/settings.ts';

/** MiniStack checks no credentials; these never leave the machine. */
const LOCAL_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/**
 * Region, endpoint and credentials for every AWS client of a command. The default credential chain
 * of the SDK is left as it is; a profile is handed to it by the variable that it reads.
 */
export function awsClientOptions(settings: Settings, env: NodeJS.ProcessEnv): AwsClientOptions {
  if (settings.profile !== null) env['AWS_PROFILE'] = settings.profile;
  const region = settings.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? null;
  const endpoint = settings.endpointUrl ?? env['AWS_ENDPOINT_URL'] ?? null;
  return {
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(settings.isLocal ? { credentials: LOCAL_CREDENTIALS } : {}),
  };
}
