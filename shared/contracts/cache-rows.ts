import { z } from 'zod';
import { byteCountSchema, sha256Schema } from './brands.ts';
import {
  KEYSPACES,
  type KeyspaceName,
  namespaceSchema,
  rightSchema,
  scopeSchema,
} from './cache-names.ts';

/** Rows of the cache's table. Sort keys of a partition are listed newest or highest first. */
export interface Place {
  readonly namespace: string;
  readonly scope: string;
}

export const entryPartition = (it: Place, keyspace: KeyspaceName): string =>
  `cache#${it.namespace}#${it.scope}#${keyspace}`;
export const factorsPartition = (it: Place): string => `factors#${it.namespace}#${it.scope}`;
export const profilePartition = (it: Place): string => `profile#${it.namespace}#${it.scope}`;
export const leasePartition = (it: Place): string => `lease#${it.namespace}#${it.scope}`;
/** Of a proxy: what its endpoint has not taken yet. */
export const deliveryPartition = (it: Place): string => `delivery#${it.namespace}#${it.scope}`;
export const statsPartition = (namespace: string): string => `stats#${namespace}`;
export const TOKENS_PARTITION = 'cache-tokens';
/** Where something may have been written: `<namespace>#<scope>`, noted when a token is made. */
export const PLACES_PARTITION = 'cache-places';
/** Above every sort key that is used. */
export const LAST_SORT_KEY = '\u{10ffff}';

/** `gone`: the blob was lost, or the entry was reported as broken; the key can be written again. */
export const entryRowSchema = z.strictObject({
  state: z.enum(['live', 'gone']),
  digest: sha256Schema,
  bytes: byteCountSchema,
  createdMs: z.int().min(0),
  /** At most a day behind. */
  usedMs: z.int().min(0),
  tokenId: z.string(),
  /** Digests that were reported as broken for this key, newest last. */
  refused: z.array(sha256Schema),
  /** Of the native protocol: `<key id>:<base64>`. */
  signature: z.string().nullable(),
  toolchain: z.string().nullable(),
  compileSeconds: z.number().min(0),
  /** What other protocols have to give back as they got it, such as Turborepo's tag. */
  attributes: z.record(z.string(), z.string()),
});
export type EntryRow = z.infer<typeof entryRowSchema>;

export const factorsRowSchema = z.strictObject({
  key: z.string(),
  createdMs: z.int().min(0),
  factors: z.record(z.string(), z.string()),
});
export type FactorsRow = z.infer<typeof factorsRowSchema>;

export const deliveryRowSchema = z.strictObject({
  keyspace: z.enum(KEYSPACES),
  key: z.string(),
  factors: z.record(z.string(), z.string()).nullable(),
  sinceMs: z.int().min(0),
  /** Not tried before. */
  dueMs: z.int().min(0),
  tries: z.int().min(0),
});
export type DeliveryRow = z.infer<typeof deliveryRowSchema>;

export const profileRowSchema = z.strictObject({ key: sha256Schema, digest: sha256Schema });
export const leaseRowSchema = z.strictObject({ holder: z.string(), untilMs: z.int() });

export const tokenRowSchema = z.strictObject({
  namespace: namespaceSchema,
  scope: scopeSchema,
  right: rightSchema,
  /** SHA-256 of the secret, which has 256 random bits. */
  secretSha256: sha256Schema,
  createdMs: z.int().min(0),
  expiresMs: z.int().min(0),
  revokedMs: z.int().min(0).nullable(),
  /** Requests a second, with bursts of twice as many. */
  rate: z.int().min(1),
  note: z.string(),
});
export type TokenRow = z.infer<typeof tokenRowSchema>;

/** Sums of one day, named by its date. */
export const statsRowSchema = z.strictObject({
  hits: z.number(),
  misses: z.number(),
  errors: z.number(),
  inert: z.number(),
  secondsSaved: z.number(),
  bytesServed: z.number(),
  bytesStored: z.number(),
  puts: z.number(),
  conflicts: z.number(),
  quarantined: z.number(),
  /** These two are not in rows from before 26 November 2026. */
  programHits: z.number().default(0),
  programMisses: z.number().default(0),
});
export type StatsRow = z.infer<typeof statsRowSchema>;
export const NO_STATS: StatsRow = {
  hits: 0,
  misses: 0,
  errors: 0,
  inert: 0,
  secondsSaved: 0,
  bytesServed: 0,
  bytesStored: 0,
  puts: 0,
  conflicts: 0,
  quarantined: 0,
  programHits: 0,
  programMisses: 0,
};
