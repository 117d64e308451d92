import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { ObjectChecksum } from '../../contracts/checkpoint-object.ts';

type ChecksumFields = Pick<
  HeadObjectCommandOutput,
  'ChecksumCRC64NVME' | 'ChecksumCRC32C' | 'ChecksumCRC32' | 'ChecksumType' | 'ETag'
>;

const BYTES_OF = { crc64nvme: 8, crc32c: 4, crc32: 4 } as const;

/** The checksum of the whole object; one made of part checksums says nothing about its bytes. */
export function readFullObjectChecksum(head: ChecksumFields): ObjectChecksum | null {
  if (head.ChecksumType === 'COMPOSITE') return null;
  // Without a type only a single-part object is sure; the ETag of a multipart one ends in "-N".
  const isMultipart = /-\d+"?$/u.test(head.ETag ?? '');
  if (head.ChecksumType !== 'FULL_OBJECT' && isMultipart) return null;
  return (
    fromBase64('crc64nvme', head.ChecksumCRC64NVME) ??
    fromBase64('crc32c', head.ChecksumCRC32C) ??
    fromBase64('crc32', head.ChecksumCRC32)
  );
}

function fromBase64(
  algorithm: ObjectChecksum['algorithm'],
  text: string | undefined,
): ObjectChecksum | null {
  if (text === undefined || text.includes('-')) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === BYTES_OF[algorithm] ? { algorithm, value: bytes.toString('hex') } : null;
}
