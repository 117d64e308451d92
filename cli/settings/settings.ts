import { z } from 'zod';
import { namespaceSchema } from '../../shared/contracts/cache-names.ts';
import { DEFAULT_KEY_PATTERN } from '../../shared/contracts/environment.ts';

const text = z.string().min(1);

const retention = {
  quota_bytes: z.int().min(0).optional(),
  ttl_days: z.number().min(0).max(3_660).optional(),
};
const namespaceFileSchema = z.strictObject({
  ...retention,
  /** Hex of raw Ed25519 public keys whose owners may write native entries. */
  public_keys: z.array(z.string().regex(/^[0-9a-f]{64}$/u, 'expected 64 hex')).optional(),
});

/** `mithril.toml`; docs/cli.md, section Settings. Every field is optional in each source. */
export const settingsFileSchema = z.strictObject({
  /** aws: a team's account, or the local stack by its endpoint. one-machine: files and lmdb. */
  host: z.enum(['aws', 'one-machine']).optional(),
  region: text.optional(),
  profile: text.optional(),
  endpoint_url: z.url().optional(),
  /** Name of the CloudFormation stack, for messages. */
  stack: text.optional(),
  /** Of the local stack only: it takes any credentials, so that no real ones are sent to it. */
  local_credentials: z.boolean().optional(),
  /** Folder of the one-machine host, relative to the settings file. */
  folder: text.optional(),
  checkpoints: z
    .strictObject({
      source_bucket: text.optional(),
      source_prefixes: z.array(z.string()).optional(),
      store_bucket: text.optional(),
      table: text.optional(),
      key_pattern: text.optional(),
      state_machine_arn: text.optional(),
      restore_state_machine_arn: text.optional(),
    })
    .optional(),
  dedup: z.strictObject({ state_machine_arn: text.optional() }).optional(),
  /** docs/cache/server.md. */
  cache: z
    .strictObject({
      /** Folder of the server, relative to the settings file. */
      dir: text.optional(),
      /** The endpoint that `mithril cache proxy` writes through to. */
      url: z.url().optional(),
      /** Its DynamoDB table, where tokens are made. */
      table: text.optional(),
      max_entry_bytes: z.int().min(1).optional(),
      ...retention,
      namespaces: z.record(namespaceSchema, namespaceFileSchema).optional(),
    })
    .optional(),
});
export type SettingsFile = z.infer<typeof settingsFileSchema>;

/** What commands work with, from all sources together. */
export interface Settings {
  readonly host: 'aws' | 'one-machine';
  readonly region: string | null;
  readonly profile: string | null;
  readonly endpointUrl: string | null;
  readonly stack: string | null;
  readonly isLocal: boolean;
  readonly folder: string | null;
  readonly sourceBucket: string | null;
  readonly sourcePrefixes: readonly string[];
  readonly storeBucket: string | null;
  readonly table: string | null;
  readonly keyPattern: string;
  readonly stateMachineArn: string | null;
  readonly restoreStateMachineArn: string | null;
  readonly dedupStateMachineArn: string | null;
  readonly cache: CacheFileSettings;
  /** Where they came from, for `doctor` and for errors. */
  readonly origins: readonly string[];
}

export interface CacheFileSettings {
  readonly dir: string | null;
  readonly url: string | null;
  readonly table: string | null;
  readonly maxEntryBytes: number | null;
  readonly quotaBytes: number;
  readonly ttlDays: number;
  readonly namespaces: Readonly<Record<string, z.infer<typeof namespaceFileSchema>>>;
}

const CACHE_QUOTA_BYTES = 20 * 1024 ** 3;
const CACHE_TTL_DAYS = 30;

/** One source; where two name the same field the later one in the list wins. */
export interface SettingsSource {
  readonly origin: string;
  readonly values: SettingsFile;
}

/** `sources`: lowest precedence first: user file, project file, environment, flags. */
export function mergeSettings(sources: readonly SettingsSource[]): Settings {
  const top: SettingsFile = Object.assign({}, ...sources.map((it) => defined(it.values)));
  const checkpoints: NonNullable<SettingsFile['checkpoints']> = Object.assign(
    {},
    ...sources.map((it) => defined(it.values.checkpoints ?? {})),
  );
  const dedup: NonNullable<SettingsFile['dedup']> = Object.assign(
    {},
    ...sources.map((it) => defined(it.values.dedup ?? {})),
  );
  const cache: NonNullable<SettingsFile['cache']> = Object.assign(
    {},
    ...sources.map((it) => defined(it.values.cache ?? {})),
  );
  return {
    host: top.host ?? 'aws',
    region: top.region ?? null,
    profile: top.profile ?? null,
    endpointUrl: top.endpoint_url ?? null,
    stack: top.stack ?? null,
    isLocal: top.local_credentials ?? false,
    folder: top.folder ?? null,
    sourceBucket: checkpoints.source_bucket ?? null,
    sourcePrefixes: checkpoints.source_prefixes ?? [],
    storeBucket: checkpoints.store_bucket ?? null,
    table: checkpoints.table ?? null,
    keyPattern: checkpoints.key_pattern ?? DEFAULT_KEY_PATTERN,
    stateMachineArn: checkpoints.state_machine_arn ?? null,
    restoreStateMachineArn: checkpoints.restore_state_machine_arn ?? null,
    dedupStateMachineArn: dedup.state_machine_arn ?? null,
    cache: {
      dir: cache.dir ?? null,
      url: cache.url ?? null,
      table: cache.table ?? null,
      maxEntryBytes: cache.max_entry_bytes ?? null,
      quotaBytes: cache.quota_bytes ?? CACHE_QUOTA_BYTES,
      ttlDays: cache.ttl_days ?? CACHE_TTL_DAYS,
      namespaces: cache.namespaces ?? {},
    },
    origins: sources.map((it) => it.origin),
  };
}

function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
