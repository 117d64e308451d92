import { z } from 'zod';

/** What every AWS client of ours is built from; the clients are built nowhere else. */
export interface AwsClientOptions {
  /** Default: the SDK's own chain (AWS_REGION, then the profile). */
  readonly region?: string;
  /** A stand-in such as the local stack; S3 is then addressed path-style. */
  readonly endpoint?: string;
  /** Default: the SDK's own chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Tries of one request, the first included; standard mode waits with full jitter. */
  readonly attemptsMax?: number;
  readonly socketsMax?: number;
  readonly connectTimeoutMs?: number;
  /** A socket that moves no byte for this long is given up. */
  readonly idleTimeoutMs?: number;
}

const ATTEMPTS_MAX_DEFAULT = 5;
const SOCKETS_MAX_DEFAULT = 64;
const CONNECT_TIMEOUT_MS_DEFAULT = 3_000;
const IDLE_TIMEOUT_MS_DEFAULT = 30_000;

const environmentSchema = z.object({
  AWS_REGION: z.string().min(1).optional(),
  AWS_ENDPOINT_URL: z.url().optional(),
});

/** Region and endpoint of the process; a profile's region is left to the SDK. */
export function readAwsOptions(
  environment: Readonly<Record<string, string | undefined>>,
): AwsClientOptions {
  const { AWS_REGION: region, AWS_ENDPOINT_URL: endpoint } = environmentSchema.parse(environment);
  return { ...(region === undefined ? {} : { region }), ...(endpoint ? { endpoint } : {}) };
}

/** The part of the configuration that all clients share. */
export function awsClientConfig(options: AwsClientOptions) {
  const sockets = { keepAlive: true, maxSockets: options.socketsMax ?? SOCKETS_MAX_DEFAULT };
  return {
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    maxAttempts: options.attemptsMax ?? ATTEMPTS_MAX_DEFAULT,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS_DEFAULT,
      socketTimeout: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS_DEFAULT,
      httpAgent: sockets,
      httpsAgent: sockets,
    },
  };
}
