import { z } from 'zod';
import { byteCountSchema } from './brands.ts';

/** S3 gives at most 1,024 bytes of UTF-8 for a key; any character may occur in it. */
export const objectKeySchema = z.string().min(1).max(1_024);

/** One exact version of one object: what a checkpoint is made from. */
export const objectVersionSchema = z.strictObject({
  bucket: z.string().min(1).max(255),
  key: objectKeySchema,
  /** null where the bucket is not versioned (or the version is S3's "null" version). */
  versionId: z.string().min(1).max(1_024).nullable(),
  etag: z.string().min(1).max(256),
  bytes: byteCountSchema,
  lastModifiedMs: z.int().min(0),
});
export type ObjectVersion = z.infer<typeof objectVersionSchema>;

/** A checksum of the whole object that S3 itself holds (never a checksum of part checksums). */
export const objectChecksumSchema = z.strictObject({
  algorithm: z.enum(['crc32', 'crc32c', 'crc64nvme']),
  /** Lower-case hex, big-endian: 8 characters for 32 bits, 16 for 64 bits. */
  value: z.string().regex(/^(?:[0-9a-f]{8}|[0-9a-f]{16})$/u),
});
export type ObjectChecksum = z.infer<typeof objectChecksumSchema>;
