import { type CompletedPart, ListPartsCommand } from '@aws-sdk/client-s3';
import type { ObjectReference } from '../../ports/object-store.ts';
import type { ServiceFailure } from '../aws/service-failure.ts';
import type { S3Context } from './s3-context.ts';
import { attempt, toObjectStoreError } from './s3-error.ts';
import { plainEtag } from './s3-names.ts';

/**
 * S3 needs the parts' checksums only where the object's is made of them; stricter servers
 * (versitygw 1.8.0) want them with a checksum of the whole object, too.
 */
export const wantsPartChecksums = (failure: ServiceFailure): boolean =>
  failure.code === 'InvalidRequest' && /must include the checksum/iu.test(failure.message);

/** The parts again, with the checksums that the server itself holds of them. */
export async function addChecksums(
  context: S3Context,
  upload: { readonly target: ObjectReference; readonly uploadId: string },
  parts: readonly CompletedPart[],
): Promise<CompletedPart[]> {
  const held = new Map<number, CompletedPart>();
  let marker: string | undefined;
  do {
    const page = await listParts(context, upload, marker);
    for (const { PartNumber: number, ...part } of page.Parts ?? []) {
      if (number !== undefined) held.set(number, part);
    }
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return parts.map((part) => {
    const found = part.PartNumber === undefined ? undefined : held.get(part.PartNumber);
    // Another upload of the part came later: its checksum is not the one that was asked for.
    if (found === undefined || plainEtag(found.ETag ?? '') !== plainEtag(part.ETag ?? '')) {
      return part;
    }
    const { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME } = found;
    return {
      ...part,
      ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
      ...(ChecksumCRC32C === undefined ? {} : { ChecksumCRC32C }),
      ...(ChecksumCRC64NVME === undefined ? {} : { ChecksumCRC64NVME }),
    };
  });
}

async function listParts(
  context: S3Context,
  upload: { readonly target: ObjectReference; readonly uploadId: string },
  marker: string | undefined,
) {
  const { target, uploadId } = upload;
  const command = new ListPartsCommand({
    Bucket: target.bucket,
    Key: target.key,
    UploadId: uploadId,
    ...context.owner,
    ...(marker === undefined ? {} : { PartNumberMarker: marker }),
  });
  const result = await attempt(() => context.client.send(command));
  if (result.kind === 'answer') return result.answer;
  throw toObjectStoreError(result.failure, target, result.cause);
}
