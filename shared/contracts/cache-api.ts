import { z } from 'zod';
import { byteCountSchema, sha256Schema } from './brands.ts';
import {
  EVENTS_MAX,
  FACTOR_NAME_LENGTH_MAX,
  FACTOR_VALUE_LENGTH_MAX,
  FACTORS_MAX,
  LEASE_SECONDS_MAX,
  LOOKUP_KEYS_MAX,
  STATS_DAYS_MAX,
} from './cache-limits.ts';
import { rightSchema } from './cache-names.ts';

/** Bodies of the native protocol; docs/cache/protocol.md. */

export const errorSchema = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string() }),
});

export const healthSchema = z.strictObject({ status: z.literal('ok'), version: z.string() });

export const whoamiSchema = z.strictObject({
  namespace: z.string(),
  scope: z.string(),
  trusted: z.boolean(),
  right: rightSchema,
  tokenId: z.string(),
  expires: z.iso.datetime(),
  entryBytesMax: byteCountSchema,
  inlineBytesMax: byteCountSchema,
  signatureRequired: z.literal(true),
});

export const presentSchema = z.strictObject({ kind: z.literal('present') });
export const createdSchema = z.strictObject({ kind: z.literal('created') });

/** `<first 16 hex of SHA-256 of the raw public key>:<base64 of 64 bytes>`. */
export const signatureSchema = z
  .string()
  .regex(/^[0-9a-f]{16}:[A-Za-z0-9+/]{86}==$/u, 'expected KEYID:BASE64 of an Ed25519 signature');
export const compileSecondsSchema = z
  .string()
  .regex(/^\d{1,6}(?:\.\d{1,9})?$/u, 'expected decimal seconds')
  .transform(Number);
export const factorsSchema = z
  .record(z.string().min(1).max(FACTOR_NAME_LENGTH_MAX), z.string().max(FACTOR_VALUE_LENGTH_MAX))
  .refine((it) => Object.keys(it).length <= FACTORS_MAX, `at most ${FACTORS_MAX} factors`);

export const lookupRequestSchema = z.strictObject({
  keys: z.array(sha256Schema).min(1).max(LOOKUP_KEYS_MAX),
});
export const foundEntrySchema = z.strictObject({
  digest: sha256Schema,
  size: byteCountSchema,
  signature: z.string(),
  toolchain: z.string(),
  compileSeconds: z.number(),
  created: z.iso.datetime(),
});
export const lookupResponseSchema = z.strictObject({
  found: z.record(sha256Schema, foundEntrySchema),
});

export type FoundFacts = z.infer<typeof foundEntrySchema>;
export type LookupResponse = z.infer<typeof lookupResponseSchema>;

export const profileRequestSchema = z.strictObject({ key: sha256Schema, digest: sha256Schema });

const holderSchema = z.string().regex(/^[0-9a-f]{16,64}$/u, 'expected 16 to 64 hex characters');
export const leaseRequestSchema = z.strictObject({
  seconds: z.int().min(1).max(LEASE_SECONDS_MAX),
  holder: holderSchema,
});
export const leaseEndSchema = z.strictObject({ holder: holderSchema });
export const leaseResponseSchema = z.strictObject({ expires: z.iso.datetime() });
export const leasedSchema = z.strictObject({
  ...errorSchema.shape,
  retryAfterSeconds: z.int().min(1),
});

export const quarantineRequestSchema = z.strictObject({
  digest: sha256Schema,
  reason: z.string().min(1).max(500),
});

export const eventSchema = z.strictObject({
  kind: z.enum(['hit', 'miss', 'error', 'inert']),
  key: z.string().max(256).optional(),
  secondsSaved: z.number().min(0).max(86_400).optional(),
  bytes: z.number().min(0).max(1e12).optional(),
  layer: z.string().max(64).optional(),
});
export const eventsRequestSchema = z.strictObject({
  events: z.array(eventSchema).max(EVENTS_MAX),
});
export const statsQuerySchema = z.object({
  days: z.coerce.number().int().min(1).max(STATS_DAYS_MAX).default(30),
});
export const statsResponseSchema = z.strictObject({
  days: z.int(),
  hits: z.number(),
  misses: z.number(),
  errors: z.number(),
  inert: z.number(),
  hitRate: z.number().min(0).max(1),
  secondsSaved: z.number(),
  bytesServed: z.number(),
  bytesStored: z.number(),
  puts: z.number(),
  conflicts: z.number(),
  quarantined: z.number(),
  programHits: z.number(),
  programMisses: z.number(),
});
export type StatsResponse = z.infer<typeof statsResponseSchema>;

export const explainRequestSchema = z.strictObject({ factors: factorsSchema });
export const nearestSchema = z.strictObject({
  key: z.string(),
  created: z.iso.datetime(),
  same: z.int().min(0),
  differing: z.array(
    z.strictObject({
      name: z.string(),
      yours: z.string().nullable(),
      theirs: z.string().nullable(),
    }),
  ),
});
export const explainResponseSchema = z.strictObject({ nearest: nearestSchema.nullable() });
export type Nearest = z.infer<typeof nearestSchema>;
