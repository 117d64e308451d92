import type { FoundFacts, LookupResponse } from '../../contracts/cache-api.ts';
import type { Access } from '../../contracts/cache-names.ts';
import type { CacheContext } from './context.ts';
import { findLocalEntry } from './entry-rows.ts';

/** Which of these native keys have an entry. Rows alone: a body may still turn out to be lost. */
export async function lookupEntries(
  context: CacheContext,
  access: Access,
  keys: readonly string[],
): Promise<LookupResponse['found']> {
  const asked = [...new Set(keys)];
  const found = await Promise.all(
    asked.map((key) => findLocalEntry(context, access, { keyspace: 'native', key })),
  );
  const absent = asked.filter((_, index) => found[index] === null);
  const further = absent.length === 0 ? {} : await context.upstream?.lookup(absent);
  const here = Object.fromEntries(
    found.flatMap((entry) => {
      if (entry === null) return [];
      const { digest, bytes, signature, toolchain, compileSeconds, createdMs } = entry.row;
      const facts: FoundFacts = {
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
  return { ...further, ...here };
}
