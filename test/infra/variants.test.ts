import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { statementsOf } from './policies.ts';
import { asText, resourcesOf, synthesize } from './synthesize.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SOURCE_KEY = KEY.replace('1234abcd', 'abcd1234');
const BOUNDARY = 'arn:aws:iam::111122223333:policy/team-boundary';
const outputsOf = (template: ReturnType<typeof synthesize>['template']) =>
  stackOutputsSchema.parse(
    Object.fromEntries(
      Object.entries(template.Outputs).map(([name, { Value }]) => [name, asText(Value)]),
    ),
  );

describe('an existing bucket', () => {
  const { template } = synthesize({
    source: { kind: 'existing', bucketName: 'team-models', prefixes: ['runs/', 'b/'] },
  });

  it('gets no bucket resource, no notification, no policy, no lifecycle of ours', () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type.startsWith('Custom::'))).toEqual([]);
    expect(resourcesOf(template, 'AWS::S3::Bucket')).toHaveLength(1);
    const policies = resourcesOf(template, 'AWS::S3::BucketPolicy');
    expect(policies.map(({ Properties }) => asText(Properties['Bucket']))).toEqual([
      '<StoreBucket>',
    ]);
    expect(JSON.stringify(resourcesOf(template, 'AWS::S3::Bucket'))).not.toContain('Notification');
  });

  it('sends its events by a rule on the bucket and the prefixes', () => {
    const rules = resourcesOf(template, 'AWS::Events::Rule').map(({ Properties }) => Properties);
    expect(rules).toContainEqual(
      expect.objectContaining({
        EventPattern: {
          account: [{ Ref: 'AWS::AccountId' }],
          source: ['aws.s3'],
          'detail-type': ['Object Created'],
          detail: {
            bucket: { name: ['team-models'] },
            object: { key: [{ prefix: 'runs/' }, { prefix: 'b/' }] },
          },
        },
      }),
    );
  });

  it('prints the one command that enables EventBridge and keeps what the bucket has', () => {
    const command = outputsOf(template).EnableEventsCommand ?? '';
    expect(command).toMatch(/^aws s3api get-bucket-notification-configuration.*team-models/u);
    expect(command).toContain('put-bucket-notification-configuration --bucket team-models');
  });

  it('is read and listed under its prefixes only', () => {
    const source = statementsOf(template).filter(({ sid }) => sid.includes('Originals'));
    const resources = new Set(source.flatMap((statement) => statement.resources));
    expect([...resources].sort()).toEqual([
      'arn:<AWS::Partition>:s3:::team-models',
      'arn:<AWS::Partition>:s3:::team-models/b/*',
      'arn:<AWS::Partition>:s3:::team-models/runs/*',
    ]);
  });

  it('without prefixes is not opted in: no rule, no right', () => {
    const none = synthesize({ source: { kind: 'existing', bucketName: 'team-models' } }).template;
    const rules = resourcesOf(none, 'AWS::Events::Rule');
    expect(rules.filter(({ Properties }) => 'EventPattern' in Properties)).toEqual([]);
    expect(JSON.stringify(statementsOf(none))).not.toContain('team-models');
    expect(outputsOf(none).SourcePrefixes).toBe('[]');
  });
});

describe('our own bucket', () => {
  it('notifies the queue by a property of its own, without a custom resource', () => {
    const { template } = synthesize({ source: { kind: 'own', prefixes: ['a/', 'b/'] } });
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type.startsWith('Custom::'))).toEqual([]);
    const text = JSON.stringify(resourcesOf(template, 'AWS::S3::Bucket'));
    expect(text).toContain('"Rules":[{"Name":"prefix","Value":"a/"}]');
    expect(text).toContain('"Rules":[{"Name":"prefix","Value":"b/"}]');
  });

  it('stays with the store and the catalogue when the stack goes; all else goes with it', () => {
    const { template } = synthesize({ retire: {} });
    const kept = Object.values(template.Resources).filter(
      ({ DeletionPolicy }) => DeletionPolicy === 'Retain',
    );
    expect(kept.map(({ Type }) => Type).sort()).toEqual([
      'AWS::DynamoDB::GlobalTable',
      'AWS::S3::Bucket',
      'AWS::S3::Bucket',
    ]);
    for (const group of resourcesOf(template, 'AWS::Logs::LogGroup')) {
      expect(group).toMatchObject({
        DeletionPolicy: 'Delete',
        Properties: { RetentionInDays: 30 },
      });
    }
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    expect(functions).toHaveLength(resourcesOf(template, 'AWS::Logs::LogGroup').length);
  });

  it('expires work objects only, and unfinished uploads', () => {
    const { template } = synthesize();
    const rules = resourcesOf(template, 'AWS::S3::Bucket').flatMap(
      ({ Properties }) =>
        z
          .object({ Rules: z.array(z.looseObject({ Prefix: z.string().optional() })) })
          .parse(Properties['LifecycleConfiguration']).Rules,
    );
    const expiring = rules.filter((rule) => 'ExpirationInDays' in rule);
    expect(expiring.map((rule) => rule.Prefix)).toEqual(['v1/work/']);
    expect(rules.filter((rule) => 'AbortIncompleteMultipartUpload' in rule)).toHaveLength(2);
  });
});

describe('rules of the team', () => {
  const { template } = synthesize({
    kmsKeyArn: KEY,
    permissionsBoundaryArn: BOUNDARY,
    tags: { 'cost-centre': 'training' },
    alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:alarms',
    restoreTargets: [{ bucketName: 'team-models', prefix: 'back/', kmsKeyArn: SOURCE_KEY }],
  });

  it('encrypt buckets and table with their key, with bucket keys', () => {
    for (const { Properties } of resourcesOf(template, 'AWS::S3::Bucket')) {
      expect(Properties['BucketEncryption']).toEqual({
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { KMSMasterKeyID: KEY, SSEAlgorithm: 'aws:kms' },
          },
        ],
      });
    }
    const [table] = resourcesOf(template, 'AWS::DynamoDB::GlobalTable');
    expect(table?.Properties).toMatchObject({
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [{ SSESpecification: { KMSMasterKeyId: KEY }, DeletionProtectionEnabled: true }],
    });
  });

  it('allow the key through the services that use it only', () => {
    const keys = statementsOf(template).filter(({ actions }) =>
      actions.some((action) => action.startsWith('kms:')),
    );
    expect(keys.length).toBeGreaterThan(20);
    for (const { resources, conditions } of keys) {
      expect([KEY, SOURCE_KEY]).toContain(resources[0]);
      expect(asText(conditions['StringEquals']?.['kms:ViaService'])).toMatch(
        /^(s3|dynamodb)\.<AWS::Region>\.amazonaws\.com$/u,
      );
    }
  });

  it('bound every role, tag what can be tagged, and send every alarm to the topic', () => {
    for (const { Properties } of resourcesOf(template, 'AWS::IAM::Role')) {
      expect(Properties).toMatchObject({
        PermissionsBoundary: BOUNDARY,
        Tags: [{ Key: 'cost-centre', Value: 'training' }],
      });
    }
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThanOrEqual(6);
    for (const { Properties } of alarms) {
      expect(Properties['AlarmActions']).toEqual(['arn:aws:sns:eu-west-1:111122223333:alarms']);
      expect(Properties['AlarmDescription']).toMatch(/docs\/runbook\.md#[a-z-]+$/u);
    }
  });

  it('let restores write to the targets that they name', () => {
    const restored = statementsOf(template).filter(({ sid }) => sid === 'WriteRestored');
    expect(restored).toHaveLength(3);
    for (const { resources } of restored) {
      expect(resources).toContain('arn:<AWS::Partition>:s3:::team-models/back/*');
    }
  });
});

describe('outputs', () => {
  it('are those of the contract', () => {
    const { template } = synthesize({ retire: {} });
    expect(outputsOf(template)).toMatchObject({
      SourceBucket: '<SourceBucket>',
      StoreBucket: '<StoreBucket>',
      ConfigCommand: 'mithril stack config --stack Mithril',
      RetireFunction: '<RetireWorkerFunction>',
    });
    expect(Object.keys(template.Outputs)).toHaveLength(19);
  });
});
