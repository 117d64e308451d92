import { z } from 'zod';
import { HEADER } from './cache-names.ts';

/** How servers carry entries of other programs to each other: `/v1/spaces/KEYSPACE/KEY`. */
export const spacePath = (keyspace: string, key: string): string =>
  keyspace === 'native'
    ? `/v1/entries/${key}`
    : `/v1/spaces/${keyspace}/${encodeURIComponent(key)}`;

/** Keys of other programs. */
export const SPACE_KEY = /^[\w.-]{1,512}$/u;

export const ATTRIBUTES_BYTES_MAX = 4 * 1024;
export const attributesSchema = z.record(z.string().max(64), z.string().max(1_024));

/** `kept`: another body is there, which in this keyspace is as good. */
export const spacePutSchema = z.strictObject({ kind: z.enum(['created', 'present', 'kept']) });

export const writeAttributes = (attributes: Readonly<Record<string, string>>) => ({
  [HEADER.attributes]: Buffer.from(JSON.stringify(attributes)).toString('base64url'),
});

/** Null where the header is none of ours. */
export function readAttributes(header: string | null | undefined): Record<string, string> | null {
  const bytes = Buffer.from(header ?? '', 'base64url');
  if (bytes.length > ATTRIBUTES_BYTES_MAX) return null;
  try {
    const parsed = attributesSchema.safeParse(JSON.parse(bytes.toString('utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON: as wrong as any other text
  }
}
