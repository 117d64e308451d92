import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { rightsOf, statementsOf } from './policies.ts';
import { asText, ROOT, resourcesOf, synthesize } from './synthesize.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const BOUNDARY = 'arn:aws:iam::111122223333:policy/team-boundary';
const { template } = synthesize({ cache: { concurrency: 7, ttlDays: 30 } });
const statements = statementsOf(template);

describe('the compile cache', () => {
  it('is there only where it is asked for', () => {
    const byDefault = synthesize().template;
    expect(resourcesOf(byDefault, 'AWS::Lambda::Url')).toEqual([]);
    expect(byDefault.Outputs['CacheUrl']).toBe(undefined);
    expect(asText(template.Outputs['CacheUrl']?.Value)).toBe(
      '<CacheServerFunctionFunctionUrl.FunctionUrl>',
    );
  });

  it('has one URL, buffered, of a function with a cap', () => {
    const urls = resourcesOf(template, 'AWS::Lambda::Url');
    expect(
      urls.map(({ Properties }) => [Properties['AuthType'], Properties['InvokeMode']]),
    ).toEqual([['NONE', 'BUFFERED']]);
    const server = resourcesOf(template, 'AWS::Lambda::Function').find(
      ({ Properties }) => Properties['Handler'] === 'cache/index.handler',
    );
    expect(server?.Properties['ReservedConcurrentExecutions']).toBe(7);
    expect(server?.Properties['Environment']).toMatchObject({
      Variables: { MITHRIL_CACHE_TTL_DAYS: '30', MITHRIL_CACHE_NAMESPACES: '{}' },
    });
  });

  it.each(['CacheServerRole', 'CacheSweepWorkerRole'])(
    '%s has its rights and no others',
    (role) => {
      const log = `<${role.replace(/Role$/u, 'Log')}.Arn>`;
      expect(rightsOf(statements, role).toSorted()).toEqual(
        [
          'dynamodb:DeleteItem <CacheRows.Arn>',
          'dynamodb:GetItem <CacheRows.Arn>',
          'dynamodb:PutItem <CacheRows.Arn>',
          'dynamodb:Query <CacheRows.Arn>',
          `logs:CreateLogStream ${log}`,
          `logs:PutLogEvents ${log}`,
          's3:DeleteObject <CacheBlobs.Arn>/blobs/*',
          's3:GetObject <CacheBlobs.Arn>/blobs/*',
          's3:ListBucket <CacheBlobs.Arn>',
          's3:PutObject <CacheBlobs.Arn>/blobs/*',
        ].toSorted(),
      );
    },
  );

  it('gives nobody else a right to its bucket or its table', () => {
    const others = statements.filter(
      ({ role, resources }) => !role.startsWith('Cache') && resources.join(' ').includes('<Cache'),
    );
    expect(others).toEqual([]);
  });

  it('keeps to the rules of the team: key, boundary, no finding of cdk-nag', () => {
    const own = synthesize({ cache: {}, kmsKeyArn: KEY, permissionsBoundaryArn: BOUNDARY });
    expect(new AwsSolutionsChecks().validateScope(own.stack).violations).toEqual([]);
    const roles = resourcesOf(own.template, 'AWS::IAM::Role');
    expect(new Set(roles.map(({ Properties }) => Properties['PermissionsBoundary']))).toEqual(
      new Set([BOUNDARY]),
    );
    const key = statementsOf(own.template).filter(
      ({ role, resources }) => role === 'CacheServerRole' && resources.includes(KEY),
    );
    expect(
      key.map(({ conditions }) => asText(Object.values(conditions['StringEquals'] ?? {})[0])),
    ).toEqual(['s3.<AWS::Region>.amazonaws.com', 'dynamodb.<AWS::Region>.amazonaws.com']);
    const encrypted = JSON.stringify(
      resourcesOf(own.template, 'AWS::DynamoDB::GlobalTable').map(({ Properties }) => Properties),
    );
    expect(encrypted.split(KEY)).toHaveLength(3);
  });

  it('has alarms whose sections are in the runbook', () => {
    const headings = readFileSync(join(ROOT, 'docs', 'runbook.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('## '))
      .map((line) => line.slice(3).toLowerCase().replaceAll(' ', '-'));
    const sections = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) =>
      String(Properties['AlarmDescription']).split('#').at(-1),
    );
    const own = ['cache-conflicts', 'failed-cache', 'failed-cache-sweep', 'throttled-cache'];
    expect(sections).toEqual(expect.arrayContaining(own));
    expect(headings).toEqual(expect.arrayContaining(own));
  });
});
