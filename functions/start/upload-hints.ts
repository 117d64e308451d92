import { z } from 'zod';
import { objectKeySchema } from '../../shared/contracts/checkpoint-object.ts';

/** Where an upload may have happened. HEAD tells what is really there. */
export interface UploadHint {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | null;
}

/** Unversioned buckets leave it out, or leave it empty. */
const versionIdSchema = z
  .string()
  .max(1_024)
  .optional()
  .transform((value) => (value === undefined || value === '' ? null : value));

/** What S3 sends when a notification is set up. */
const testEventSchema = z
  .object({ Event: z.literal('s3:TestEvent') })
  .transform((): UploadHint[] => []);

/** The key of a notification is form-encoded: "+" is a space, the rest is %-encoded UTF-8. */
const encodedKeySchema = z
  .string()
  .transform((value, context): string => {
    try {
      return decodeURIComponent(value.replaceAll('+', ' '));
    } catch {
      context.addIssue({ code: 'custom', message: 'not a form-encoded key' });
      return z.NEVER;
    }
  })
  .pipe(objectKeySchema);

const notificationSchema = z
  .object({
    Records: z.array(
      z.object({
        eventSource: z.literal('aws:s3'),
        eventName: z.string(),
        s3: z.object({
          bucket: z.object({ name: z.string() }),
          object: z.object({ key: encodedKeySchema, versionId: versionIdSchema }),
        }),
      }),
    ),
  })
  .transform(({ Records }): UploadHint[] =>
    Records.filter((record) => record.eventName.startsWith('ObjectCreated:')).map(({ s3 }) => ({
      bucket: s3.bucket.name,
      key: s3.object.key,
      versionId: s3.object.versionId,
    })),
  );

/** EventBridge gives the key as it is. */
const bridgeEventSchema = z
  .object({
    source: z.literal('aws.s3'),
    'detail-type': z.literal('Object Created'),
    detail: z.object({
      bucket: z.object({ name: z.string() }),
      object: z.object({ key: objectKeySchema, 'version-id': versionIdSchema }),
    }),
  })
  .transform(({ detail }): UploadHint[] => [
    {
      bucket: detail.bucket.name,
      key: detail.object.key,
      versionId: detail.object['version-id'],
    },
  ]);

const messageSchema = z.union([testEventSchema, notificationSchema, bridgeEventSchema]);

/** The hints in the body of one message; throws where it is none of what S3 sends. */
export const parseUploadHints = (body: string): readonly UploadHint[] =>
  messageSchema.parse(JSON.parse(body));
