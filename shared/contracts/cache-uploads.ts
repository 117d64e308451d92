import { z } from 'zod';
import { byteCountSchema, sha256Schema } from './brands.ts';
import { factorsSchema, signatureSchema } from './cache-api.ts';
import { ATTRIBUTES_BYTES_MAX, attributesSchema, SPACE_KEY } from './cache-carried.ts';
import { FACTORS_BYTES_MAX } from './cache-limits.ts';
import { CLIENT_KEYSPACES } from './cache-names.ts';

/** Bodies that go to the store by a link, since the host cannot pass them on. */
export const UPLOADS_PATH = '/v1/uploads';
export const UPLOADS_COMMIT_PATH = '/v1/uploads/commit';

const body = { digest: sha256Schema, size: byteCountSchema };
const jsonBytes = (value: object): number => Buffer.byteLength(JSON.stringify(value));

const nativeUploadSchema = z.strictObject({
  ...body,
  keyspace: z.literal('native'),
  key: sha256Schema,
  signature: signatureSchema,
  toolchain: sha256Schema,
  compileSeconds: z.number().min(0).max(999_999),
  factors: factorsSchema
    .refine((it) => jsonBytes(it) <= FACTORS_BYTES_MAX, `at most ${FACTORS_BYTES_MAX} bytes`)
    .optional(),
});
const spaceUploadSchema = z.strictObject({
  ...body,
  keyspace: z.enum(CLIENT_KEYSPACES),
  key: z.string().regex(SPACE_KEY, 'expected a key'),
  attributes: attributesSchema.refine(
    (it) => jsonBytes(it) <= ATTRIBUTES_BYTES_MAX,
    `at most ${ATTRIBUTES_BYTES_MAX} bytes`,
  ),
});

/** The same for the link and for the commit: nothing is kept between the two. */
export const uploadRequestSchema = z.discriminatedUnion('keyspace', [
  nativeUploadSchema,
  spaceUploadSchema,
]);

/** Where and how to PUT the body, without a token. */
export const uploadLinkSchema = z.strictObject({
  url: z.url(),
  headers: z.record(z.string(), z.string()),
});
/** `kept`: another body is there, which in this keyspace is as good. */
export const settledSchema = z.strictObject({ kind: z.enum(['present', 'kept']) });
