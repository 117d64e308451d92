import type { VerifyResult } from '../../contracts/checkpoint-documents.ts';
import type { ObjectChecksum } from '../../contracts/checkpoint-object.ts';

export type PublicationVerdict =
  | { readonly kind: 'publish' }
  | { readonly kind: 'mismatch'; readonly reason: string }
  | { readonly kind: 'ended'; readonly state: 'GONE' | 'SUPERSEDED'; readonly reason: string };

type WholeChecksums = Readonly<Record<ObjectChecksum['algorithm'], string>>;

const judgeChecksum = (
  manifest: WholeChecksums,
  checksum: ObjectChecksum | null,
): PublicationVerdict => {
  if (checksum === null || manifest[checksum.algorithm] === checksum.value) {
    return { kind: 'publish' };
  }
  const found = manifest[checksum.algorithm];
  const reason = `The ${checksum.algorithm} is ${found}, S3 holds ${checksum.value} of the original.`;
  return { kind: 'mismatch', reason };
};

/** Every batch verified, and the whole equal to S3's own checksum where it holds one. */
export const judgePublication = (
  manifest: WholeChecksums,
  checksum: ObjectChecksum | null,
  results: readonly VerifyResult[],
): PublicationVerdict => {
  const mismatch = results.find((result) => result.kind === 'mismatch');
  if (mismatch !== undefined) {
    return { kind: 'mismatch', reason: mismatch.reason };
  }
  for (const result of results) {
    if (result.kind === 'source-gone' || result.kind === 'source-changed') {
      const state = result.kind === 'source-gone' ? 'GONE' : 'SUPERSEDED';
      return { kind: 'ended', state, reason: result.reason };
    }
  }
  return judgeChecksum(manifest, checksum);
};
