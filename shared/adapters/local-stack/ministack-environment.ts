import { delimiter, dirname, join } from 'node:path';

/** What MiniStack and its Lambda workers may see of the user's environment. Credentials and NODE_OPTIONS stay out. */
const PASSED_THROUGH = ['HOME', 'LANG', 'LC_ALL', 'TZ', 'USER', 'LOGNAME'] as const;

/** The credentials that everything on the local stack uses; MiniStack does not check them. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;
export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT = '000000000000';
export const LOOPBACK = '127.0.0.1';

export interface MiniStackSettings {
  readonly folder: string;
  readonly port: number;
  /** Keep buckets, tables and stacks in the folder over a stop and a start. */
  readonly persist: boolean;
  readonly logLevel: 'DEBUG' | 'INFO' | 'WARNING';
}

export function miniStackEnvironment(
  settings: MiniStackSettings,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const passed = PASSED_THROUGH.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    // MiniStack starts handlers with the first `node` of the PATH: it must be the one that runs us.
    PATH: [dirname(process.execPath), env['PATH'] ?? ''].join(delimiter),
    TMPDIR: join(settings.folder, 'tmp'),
    PYTHONUNBUFFERED: '1',
    BIND_HOST: LOOPBACK,
    // An address, not a name: SDKs then use path-style S3 URLs, and nothing depends on how "localhost" resolves.
    MINISTACK_HOST: LOOPBACK,
    GATEWAY_PORT: String(settings.port),
    LAMBDA_EXECUTOR: 'local',
    LOG_LEVEL: settings.logLevel,
    // Handlers run on the Node of this machine, which may be 20; Lambda's is 24. The SDK would warn on every cold start.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    MINISTACK_REGION: LOCAL_REGION,
    MINISTACK_ACCOUNT_ID: LOCAL_ACCOUNT,
    PERSIST_STATE: settings.persist ? '1' : '0',
    S3_PERSIST: settings.persist ? '1' : '0',
    STATE_DIR: join(settings.folder, 'state'),
    S3_DATA_DIR: join(settings.folder, 's3'),
  };
}
