import type { ObjectReference } from '../../ports/object-store.ts';

/** Identities compare ETags as text, and S3 quotes them in some places only: ours have none. */
export const plainEtag = (etag: string): string => etag.replaceAll('"', '');

/** S3 says "null" for an object written while versioning was off or suspended. */
export const plainVersionId = (versionId: string | undefined): string | null =>
  versionId === undefined || versionId === '' || versionId === 'null' ? null : versionId;

/** HEAD has whole seconds and listings may have milliseconds; one object has one time. */
export const wholeSecondsMs = (time: Date | undefined): number =>
  time === undefined ? 0 : Math.floor(time.getTime() / 1_000) * 1_000;

/** Bucket, key and version as S3 takes them; the SDK encodes the key, once. */
export function locate(reference: ObjectReference) {
  const versionId = reference.versionId;
  return {
    Bucket: reference.bucket,
    Key: reference.key,
    ...(versionId === undefined || versionId === null ? {} : { VersionId: versionId }),
  };
}

export const ifMatch = (etag: string | undefined): { IfMatch?: string } =>
  etag === undefined ? {} : { IfMatch: `"${plainEtag(etag)}"` };
