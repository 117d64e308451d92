import { describe, expect, it } from 'vitest';
import { type Call, isAllowed } from './iam.ts';
import { statementsOf } from './policies.ts';
import { synthesize } from './synthesize.ts';

const { template } = synthesize({ retire: { graceHours: 72 } });
const statements = statementsOf(template);
const roles = [...new Set(statements.map(({ role }) => role))].sort();

const SOURCE = '<SourceBucket.Arn>';
const STORE = '<StoreBucket.Arn>';
const CATALOGUE = '<StoreCatalogue.Arn>';
const EVENTS = '<IngestEvents.Arn>';
const ORIGINAL = `${SOURCE}/checkpoints/run/step-1.safetensors`;
const MANIFEST = `${STORE}/v1/checkpoints/abc/manifest.json`;
const WORK = `${STORE}/v1/work/abc/batch.json`;
const JOB = `${STORE}/v1/work/dedup/abc/plan.json`;
const DATASET = `${STORE}/datasets/set/a.jsonl`;
const RESULT = `${STORE}/deduplicated/set/a.jsonl`;
const RESTORED = `${STORE}/restored/run/step-1.safetensors`;

const READ_ORIGINALS = [
  'IngestStartRole',
  'PipelinePlanRole',
  'PipelineEncodeRole',
  'PipelineVerifyRole',
  'ReconcileWorkerRole',
  'RetireWorkerRole',
];
const RESTORE = ['RestorePlanRole', 'RestorePartRole', 'RestoreFinishRole'];
const READ_STORE = [
  'PipelinePlanRole',
  'PipelineEncodeRole',
  'PipelineCommitRole',
  'PipelineVerifyRole',
  'PipelinePublishRole',
  'RetireWorkerRole',
  ...RESTORE,
];
const MACHINES = ['PipelineCheckpointRole', 'RestoreRole', 'DedupRole'];
const DEDUP = [
  'Plan',
  'Hash',
  'Gather',
  'Bucket',
  'Stitch',
  'Shingle',
  'Verify',
  'Filter',
  'Report',
];
const DEDUP_ALL = DEDUP.map((stage) => `Dedup${stage}Role`);
const READ_DATASETS = ['DedupHashRole', 'DedupShingleRole', 'DedupFilterRole'];
const WRITE_RESULTS = ['DedupPlanRole', 'DedupFilterRole', 'DedupReportRole'];
const WRITE_WORK = [
  'PipelinePlanRole',
  'PipelineEncodeRole',
  'PipelineCommitRole',
  'PipelineVerifyRole',
  ...RESTORE,
];
const WRITE_CHECKPOINTS = ['PipelineEncodeRole', 'PipelineCommitRole'];
const COMPARE_RESTORED = ['RestorePlanRole', 'RestoreFinishRole'];
const WRITE_CATALOGUE = [
  'IngestStartRole',
  'PipelinePublishRole',
  'PipelineQuarantineRole',
  'PipelineEndRole',
  'ReconcileWorkerRole',
  'RetireWorkerRole',
];
const START = ['IngestStartRole', 'ReconcileWorkerRole'];
const NOBODY: readonly string[] = [];

/** Who may make a call; everybody else is denied. One row gives a cell for every role. */
const ROWS: readonly (readonly [title: string, call: Call, allowed: readonly string[]])[] = [
  row('read an original', 's3:GetObject', ORIGINAL, READ_ORIGINALS),
  row('read a version of it', 's3:GetObjectVersion', ORIGINAL, READ_ORIGINALS),
  row('read beside the prefix', 's3:GetObject', `${SOURCE}/secrets/key`, NOBODY),
  row('read a prefix that begins alike', 's3:GetObject', `${SOURCE}/checkpoints-x/a`, NOBODY),
  row('read another bucket', 's3:GetObject', '<OtherBucket.Arn>/checkpoints/a', NOBODY),
  row('write an original', 's3:PutObject', ORIGINAL, NOBODY),
  row('delete an original', 's3:DeleteObject', ORIGINAL, NOBODY),
  row('delete a version of it', 's3:DeleteObjectVersion', ORIGINAL, ['RetireWorkerRole']),
  row('delete a version beside the prefix', 's3:DeleteObjectVersion', `${SOURCE}/a`, NOBODY),
  row('list originals', 's3:ListBucket', SOURCE, READ_ORIGINALS, 'checkpoints/run/'),
  row('list the whole bucket', 's3:ListBucket', SOURCE, NOBODY, ''),
  row('list another prefix', 's3:ListBucket', SOURCE, NOBODY, 'secrets/'),
  row(
    'list versions',
    's3:ListBucketVersions',
    SOURCE,
    ['ReconcileWorkerRole', 'RetireWorkerRole'],
    'checkpoints/a',
  ),
  row('list versions elsewhere', 's3:ListBucketVersions', SOURCE, NOBODY, 'secrets/'),
  row('change notifications', 's3:PutBucketNotification', SOURCE, NOBODY),
  row('change the lifecycle', 's3:PutLifecycleConfiguration', SOURCE, NOBODY),
  row('read a manifest', 's3:GetObject', MANIFEST, READ_STORE),
  row('read a batch list', 's3:GetObject', WORK, [...READ_STORE, ...MACHINES]),
  row('write a batch list', 's3:PutObject', WORK, WRITE_WORK),
  row('write a manifest', 's3:PutObject', MANIFEST, WRITE_CHECKPOINTS),
  row('delete a manifest', 's3:DeleteObject', MANIFEST, NOBODY),
  row('delete a version of it', 's3:DeleteObjectVersion', MANIFEST, NOBODY),
  row('write elsewhere in the store', 's3:PutObject', `${STORE}/elsewhere/a`, NOBODY),
  row('write a restored file', 's3:PutObject', RESTORED, RESTORE),
  row('read a restored file', 's3:GetObject', RESTORED, COMPARE_RESTORED),
  row('abort its upload', 's3:AbortMultipartUpload', RESTORED, COMPARE_RESTORED),
  row('delete a restored file', 's3:DeleteObject', RESTORED, NOBODY),
  row('list the store', 's3:ListBucket', STORE, READ_STORE, 'v1/checkpoints/'),
  row('list restored files', 's3:ListBucket', STORE, NOBODY, 'restored/'),
  row('read work of a dedup job', 's3:GetObject', JOB, [...READ_STORE, ...MACHINES, ...DEDUP_ALL]),
  row('write work of a dedup job', 's3:PutObject', JOB, [...WRITE_WORK, ...DEDUP_ALL]),
  row('abort its upload', 's3:AbortMultipartUpload', JOB, DEDUP_ALL),
  row('read a dataset', 's3:GetObject', DATASET, READ_DATASETS),
  row('write a dataset', 's3:PutObject', DATASET, NOBODY),
  row('delete a dataset', 's3:DeleteObject', DATASET, NOBODY),
  row('list datasets', 's3:ListBucketVersions', STORE, ['DedupPlanRole'], 'datasets/set/'),
  row('list the whole store', 's3:ListBucketVersions', STORE, NOBODY, ''),
  row('write a deduplicated file', 's3:PutObject', RESULT, WRITE_RESULTS),
  row('read a deduplicated file', 's3:GetObject', RESULT, WRITE_RESULTS),
  row('delete a deduplicated file', 's3:DeleteObject', RESULT, NOBODY),
  row('start a dedup job', 'states:StartExecution', '<DedupMachine>', ['DedupRole']),
  row('call a hasher', 'lambda:InvokeFunction', '<DedupHashFunction.Arn>', ['DedupRole']),
  row('read a row', 'dynamodb:GetItem', CATALOGUE, [
    ...WRITE_CATALOGUE,
    'PipelinePlanRole',
    'RestorePlanRole',
  ]),
  row('write a row', 'dynamodb:PutItem', CATALOGUE, WRITE_CATALOGUE),
  row('read a series', 'dynamodb:Query', CATALOGUE, ['PipelinePlanRole']),
  row('delete a row', 'dynamodb:DeleteItem', CATALOGUE, NOBODY),
  row('scan the table', 'dynamodb:Scan', CATALOGUE, NOBODY),
  row('read another table', 'dynamodb:GetItem', '<OtherTable.Arn>', NOBODY),
  row('drop the table', 'dynamodb:DeleteTable', CATALOGUE, NOBODY),
  row('take an event', 'sqs:ReceiveMessage', EVENTS, ['IngestStartRole']),
  row('put an event', 'sqs:SendMessage', EVENTS, NOBODY),
  row('start a job', 'states:StartExecution', '<PipelineCheckpointMachine>', [
    ...START,
    'PipelineCheckpointRole',
  ]),
  row('start a restore', 'states:StartExecution', '<RestoreMachine>', ['RestoreRole']),
  row('call the encoder', 'lambda:InvokeFunction', '<PipelineEncodeFunction.Arn>', [
    'PipelineCheckpointRole',
  ]),
  row('call a restorer', 'lambda:InvokeFunction', '<RestorePartFunction.Arn>', ['RestoreRole']),
  row('call the deleter', 'lambda:InvokeFunction', '<RetireWorkerFunction.Arn>', NOBODY),
  row('write a log of its own', 'logs:PutLogEvents', '<PipelinePlanLog.Arn>', ['PipelinePlanRole']),
  row('pass a role', 'iam:PassRole', '<PipelinePlanRole.Arn>', NOBODY),
  row('take a role', 'sts:AssumeRole', '<PipelinePlanRole.Arn>', NOBODY),
  row('use any key', 'kms:Decrypt', '<OtherKey.Arn>', NOBODY),
  row('change code', 'lambda:UpdateFunctionCode', '<PipelineEncodeFunction.Arn>', NOBODY),
];

function row(
  title: string,
  action: string,
  resource: string,
  allowed: readonly string[],
  prefix?: string,
): readonly [string, Call, readonly string[]] {
  const context = prefix === undefined ? {} : { 's3:prefix': prefix };
  return [`${title} (${action})`, { action, resource, context }, allowed];
}

describe('the matrix of role, action and resource', () => {
  it.each(ROWS)('%s', (_, call, allowed) => {
    const found = roles.filter((role) => isAllowed(statements, role, call));
    expect(found).toEqual([...allowed].sort());
  });

  it('has at least 200 cells', () => {
    expect(ROWS.length * roles.length).toBeGreaterThanOrEqual(200);
  });
});

describe('the evaluator', () => {
  const statement = { role: 'R', sid: '', conditions: {} };
  const allows = (actions: string[], resources: string[], call: Call): boolean =>
    isAllowed([{ ...statement, actions, resources }], 'R', call);

  it('takes wildcards over slashes, dots as dots, and actions without case', () => {
    expect(allows(['s3:Get*'], ['b/x/*'], { action: 'S3:getobject', resource: 'b/x/y/z' })).toBe(
      true,
    );
    expect(allows(['s3:GetObject'], ['b.x/*'], { action: 's3:GetObject', resource: 'bax/y' })).toBe(
      false,
    );
    expect(allows(['s3:GetObject'], ['b/x'], { action: 's3:GetObject', resource: 'b/x/y' })).toBe(
      false,
    );
  });

  it('refuses an operator that it does not know', () => {
    const conditions = { StringNotLike: { 's3:prefix': 'a' } };
    const odd = { ...statement, actions: ['a:b'], resources: ['c'], conditions };
    expect(() => isAllowed([odd], 'R', { action: 'a:b', resource: 'c' })).toThrow(/StringNotLike/u);
  });
});
