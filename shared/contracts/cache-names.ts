import { z } from 'zod';

/** Who owns entries. Also a folder name, hence no dots and no capitals. */
export const namespaceSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, 'expected 1 to 63 of a-z, 0-9 and "-"');

/** `main` is trusted; every other scope reads it and writes only its own. */
export const TRUSTED_SCOPE = 'main';
export const scopeSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, 'expected 1 to 63 of a-z, 0-9 and "-"');

/** Keys of one protocol are never answers to another. */
export const CLIENT_KEYSPACES = [
  'ccache',
  'bazel-ac',
  'bazel-cas',
  'sccache',
  'gradle',
  'turborepo',
  'nx',
] as const;
export const KEYSPACES = ['native', ...CLIENT_KEYSPACES] as const;
export type KeyspaceName = (typeof KEYSPACES)[number];

export const HEADER = {
  digest: 'Mithril-Digest',
  signature: 'Mithril-Signature',
  toolchain: 'Mithril-Toolchain',
  compileSeconds: 'Mithril-Compile-Seconds',
  created: 'Mithril-Created',
  factors: 'Mithril-Factors',
  key: 'Mithril-Key',
  attributes: 'Mithril-Attributes',
} as const;

export const rightSchema = z.enum(['read', 'write']);

/** What a valid token says of its bearer. */
export interface Access {
  readonly namespace: string;
  readonly scope: string;
  readonly right: z.infer<typeof rightSchema>;
  readonly tokenId: string;
  readonly expiresMs: number;
}
