import type { z } from 'zod';
import type { foundEntrySchema } from '../../contracts/cache-api.ts';
import type { Access } from '../../contracts/cache-names.ts';
import type { CacheContext } from './context.ts';
import { findEntry } from './entry-rows.ts';

type Found = z.infer<typeof foundEntrySchema>;

/** Which of these native keys have an entry. Rows alone: a body may still turn out to be lost. */
export async function lookupEntries(
  context: CacheContext,
  access: Access,
  keys: readonly string[],
): Promise<Record<string, Found>> {
  const found = await Promise.all(
    [...new Set(keys)].map((key) => findEntry(context, access, { keyspace: 'native', key })),
  );
  return Object.fromEntries(
    found.flatMap((entry) => {
      if (entry === null) return [];
      const { digest, bytes, signature, toolchain, compileSeconds, createdMs } = entry.row;
      const facts: Found = {
        digest,
        size: bytes,
        signature: signature ?? '',
        toolchain: toolchain ?? '',
        compileSeconds,
        created: new Date(createdMs).toISOString(),
      };
      return [[entry.key, facts]];
    }),
  );
}
