import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { MithrilConfigInput } from '../../infra/config-schema.ts';
import { synthesize } from './synthesize.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const VARIANTS: Readonly<Record<string, MithrilConfigInput>> = {
  default: {},
  'existing bucket': {
    source: { kind: 'existing', bucketName: 'team-models', prefixes: ['runs/', 'b/'] },
    restoreTargets: [{ bucketName: 'team-models', prefix: 'restored/' }],
  },
  'every opt-in and a key': { retire: {}, cache: {}, spendAlarmUsdPerDay: 20, kmsKeyArn: KEY },
};

const findingsOf = (scope: IConstruct): readonly string[] =>
  new AwsSolutionsChecks().validateScope(scope).violations.map(({ ruleName }) => ruleName);

/** Acknowledged rules with their reasons, by the construct that owns them. */
function acknowledgedIn(scope: IConstruct): readonly (readonly [string, string])[] {
  return scope.node
    .findAll()
    .flatMap((construct) =>
      construct.node.metadata
        .filter((entry) => entry.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap((entry) => Object.entries(z.record(z.string(), z.string()).parse(entry.data))),
    );
}

describe('cdk-nag AwsSolutions', () => {
  it.each(Object.entries(VARIANTS))('has no finding: %s', (_, config) => {
    expect(findingsOf(synthesize(config).stack)).toEqual([]);
  });

  it('would see a resource that breaks a rule', () => {
    const stack = new Stack(new App(), 'Bad');
    expect(new Bucket(stack, 'Plain').node.path).toBe('Bad/Plain');
    expect(findingsOf(stack)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });

  it('is silenced only for what is known, each time with a reason', () => {
    const { stack } = synthesize({ retire: {} });
    const acknowledged = acknowledgedIn(stack);
    const kinds = new Set(acknowledged.map(([id]) => id.replace(/^\w+::|\[.*$/gu, '')));
    expect([...kinds].sort()).toEqual([
      'AwsSolutions-IAM5',
      'AwsSolutions-S1',
      'AwsSolutions-SF1',
      'AwsSolutions-SF2',
      'AwsSolutions-SQS3',
    ]);
    for (const [id, reason] of acknowledged) {
      expect([id, reason.length > 30]).toEqual([id, true]);
      expect(id).not.toMatch(/IAM5$|Resource::\*\]/u);
    }
  });
});
