import type { Access } from '../../contracts/cache-names.ts';
import type { BlobLinks, BlobUpload } from '../../ports/blob-links.ts';
import type { CacheContext } from './context.ts';
import {
  auditOf,
  judgeEarly,
  type OfferedEntry,
  type PutResult,
  report,
  settle,
} from './write-entry.ts';

/** An entry whose body goes to the store by a link; its writer says all of it twice. */
export interface UploadedEntry extends OfferedEntry {
  readonly digest: string;
  readonly bytes: number;
}

export type UploadResult = PutResult | { readonly kind: 'upload'; readonly link: BlobUpload };

/** A link to write the body, unless the answer is known without it. */
export async function startUpload(
  context: CacheContext,
  links: BlobLinks,
  access: Access,
  entry: UploadedEntry,
): Promise<UploadResult> {
  if (access.right !== 'write') return { kind: 'read-only' };
  const early = await judgeEarly(context, access, entry, entry.digest);
  if (early !== null) return report(context, access, entry, early);
  const { digest, bytes } = entry;
  const link = await links.linkToWrite({ namespace: access.namespace, digest, bytes });
  context.audit.write('cache-upload', auditOf(access, entry, entry));
  return { kind: 'upload', link };
}

/**
 * Writes the row, once the body is seen to be there with this length and digest. A body that nobody
 * commits has no row, and is swept like any other.
 */
export async function commitUpload(
  context: CacheContext,
  access: Access,
  entry: UploadedEntry,
): Promise<PutResult> {
  if (access.right !== 'write') return { kind: 'read-only' };
  const { digest, bytes } = entry;
  const check = await context.blobs.check({ namespace: access.namespace, digest, bytes });
  if (check !== 'sound') return report(context, access, entry, { kind: 'not-uploaded' });
  const nothing = async (): Promise<void> => undefined;
  const staged = { digest, bytes, commit: nothing, discard: nothing };
  return report(context, access, entry, await settle(context, access, entry, staged));
}
