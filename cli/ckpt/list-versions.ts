import type { ListedVersion, ObjectStore } from '../../shared/ports/object-store.ts';
import type { ObjectAddress } from './s3-uri.ts';

/** All versions under a prefix, page by page. */
export async function* listVersions(
  objects: Pick<ObjectStore, 'listPage'>,
  { bucket, key: prefix }: ObjectAddress,
): AsyncGenerator<readonly ListedVersion[]> {
  for (let cursor: string | null = null; ; ) {
    const page = await objects.listPage(bucket, prefix, cursor);
    yield page.versions;
    cursor = page.cursor;
    if (cursor === null) return;
  }
}
