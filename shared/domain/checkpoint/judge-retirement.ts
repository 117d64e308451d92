import type { CheckpointRow, VerifiedFacts } from '../../contracts/checkpoint-catalogue.ts';

const MS_PER_HOUR = 3_600_000;

export type RetirementVerdict =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'keep'; readonly reason: string }
  | { readonly kind: 'check'; readonly versionId: string; readonly facts: VerifiedFacts };

/**
 * Whether an original may be deleted at all; then its compressed form is checked again. A RETIRED
 * row whose original is still listed was interrupted between the two, and is gone through again.
 */
export const judgeRetirement = (
  row: CheckpointRow | null,
  versionId: string | null,
  nowMs: number,
  graceHours: number,
): RetirementVerdict => {
  if (row === null || row.verified === null) {
    return { kind: 'ignore' };
  }
  if (row.state !== 'VERIFIED' && row.state !== 'RETIRED') {
    return { kind: 'ignore' };
  }
  if (versionId === null) {
    return { kind: 'keep', reason: 'The bucket is not versioned.' };
  }
  const ageMs = nowMs - row.verified.verifiedMs;
  if (ageMs < graceHours * MS_PER_HOUR) {
    return { kind: 'keep', reason: `Verified less than ${graceHours} hours ago.` };
  }
  return { kind: 'check', versionId, facts: row.verified };
};
