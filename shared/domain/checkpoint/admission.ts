import { CHECKPOINTS_PREFIX, WORK_PREFIX } from '../../contracts/checkpoint-keys.ts';

export interface AdmissionRules {
  readonly storeBucket: string;
  readonly sourceBucket: string;
  readonly sourcePrefixes: readonly string[];
}

const isOwnKey = (rules: AdmissionRules, bucket: string, key: string): boolean =>
  bucket === rules.storeBucket &&
  (key.startsWith(CHECKPOINTS_PREFIX) || key.startsWith(WORK_PREFIX));

/** Why this object is not for us, or null. Our own outputs never come back as inputs. */
export const refusalOf = (rules: AdmissionRules, bucket: string, key: string): string | null => {
  if (bucket !== rules.sourceBucket) {
    return 'The bucket is not the configured source.';
  }
  if (isOwnKey(rules, bucket, key)) {
    return 'The object was written by Mithril itself.';
  }
  return rules.sourcePrefixes.some((prefix) => key.startsWith(prefix))
    ? null
    : 'The key is under no opted-in prefix.';
};
