import { describe, expect, it } from 'vitest';
import { rightsOf, statementsOf } from './policies.ts';
import { asText, resourcesOf, synthesize } from './synthesize.ts';

const { template } = synthesize({ retire: { graceHours: 72 } });
const statements = statementsOf(template);
const roles = [...new Set(statements.map(({ role }) => role))].sort();

/** Rights in short: service, verb, where. Every role has these and no others. */
const NAMES: Readonly<Record<string, string>> = {
  '<SourceBucket.Arn>/checkpoints/*': 'source objects',
  '<SourceBucket.Arn>': 'source',
  '<StoreBucket.Arn>/v1/*': 'store objects',
  '<StoreBucket.Arn>/v1/work/*': 'work',
  '<StoreBucket.Arn>/v1/checkpoints/*': 'checkpoints',
  '<StoreBucket.Arn>/restored/*': 'restored',
  '<StoreBucket.Arn>/v1/work/dedup/*': 'job',
  '<StoreBucket.Arn>/datasets/*': 'datasets',
  '<StoreBucket.Arn>/deduplicated/*': 'deduplicated',
  '<StoreBucket.Arn>': 'store',
  '<StoreCatalogue.Arn>': 'catalogue',
  '<PipelineCheckpointMachine>': 'machine',
  '<IngestEvents.Arn>': 'events',
};
const EXECUTIONS =
  /^arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<(\w+)\.Name>[:/]\*$/u;

const shorten = (right: string): string => {
  const [action = '', resource = ''] = right.split(/ (.*)/su);
  return `${action} ${NAMES[resource] ?? resource.replace(EXECUTIONS, 'executions of $1')}`;
};

const readSource = [
  's3:GetObject source objects',
  's3:GetObjectVersion source objects',
  's3:ListBucket source',
];
const readStore = ['s3:GetObject store objects', 's3:ListBucket store'];
const writeWork = ['s3:PutObject work'];
const writeCheckpoints = ['s3:PutObject checkpoints'];
const writeCatalogue = ['dynamodb:GetItem catalogue', 'dynamodb:PutItem catalogue'];
const startExecutions = [
  'states:DescribeExecution executions of PipelineCheckpointMachine',
  'states:StartExecution machine',
];
const compareRestored = [
  's3:AbortMultipartUpload restored',
  's3:GetObject restored',
  's3:GetObjectVersion restored',
  's3:PutObject restored',
];

const writing = (what: string): string[] => [
  `s3:AbortMultipartUpload ${what}`,
  `s3:GetObject ${what}`,
  `s3:PutObject ${what}`,
  's3:ListBucket store',
];
const dedupWork = writing('job');
const readDatasets = [
  's3:GetObject datasets',
  's3:GetObjectVersion datasets',
  's3:ListBucket store',
];
const writeDeduplicated = writing('deduplicated');

/** The matrix of what each function may do; what is not named here is denied. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  IngestStartRole: [
    ...readSource,
    ...writeCatalogue,
    ...startExecutions,
    'sqs:DeleteMessage events',
    'sqs:GetQueueAttributes events',
    'sqs:ReceiveMessage events',
  ],
  PipelinePlanRole: [
    ...readSource,
    ...readStore,
    ...writeWork,
    'dynamodb:GetItem catalogue',
    'dynamodb:Query catalogue',
  ],
  PipelineEncodeRole: [...readSource, ...readStore, ...writeWork, ...writeCheckpoints],
  PipelineCommitRole: [...readStore, ...writeWork, ...writeCheckpoints],
  PipelineVerifyRole: [...readSource, ...readStore, ...writeWork],
  PipelinePublishRole: [...readStore, ...writeCatalogue],
  PipelineQuarantineRole: writeCatalogue,
  PipelineEndRole: writeCatalogue,
  ReconcileWorkerRole: [
    ...readSource,
    ...writeCatalogue,
    ...startExecutions,
    's3:ListBucketVersions source',
  ],
  RetireWorkerRole: [
    ...readSource,
    ...readStore,
    ...writeCatalogue,
    's3:DeleteObjectVersion source objects',
    's3:ListBucketVersions source',
  ],
  RestorePlanRole: [...readStore, ...writeWork, ...compareRestored, 'dynamodb:GetItem catalogue'],
  RestorePartRole: [...readStore, ...writeWork, 's3:PutObject restored'],
  RestoreFinishRole: [...readStore, ...writeWork, ...compareRestored],
  DedupPlanRole: [
    ...dedupWork,
    ...writeDeduplicated,
    's3:ListBucketVersions store',
    's3:ListBucketVersions store',
  ],
  DedupHashRole: [...dedupWork, ...readDatasets],
  DedupGatherRole: dedupWork,
  DedupBucketRole: dedupWork,
  DedupStitchRole: dedupWork,
  DedupShingleRole: [...dedupWork, ...readDatasets],
  DedupVerifyRole: dedupWork,
  DedupFilterRole: [...dedupWork, ...readDatasets, ...writeDeduplicated],
  DedupReportRole: [...dedupWork, ...writeDeduplicated],
};
/** Prefix that a right to list is bound to, by the statement's name. */
const LISTED: readonly (readonly [sid: RegExp, pattern: string])[] = [
  [/Originals/u, 'checkpoints/*'],
  [/^ListVersions0$|OfDatasets0$/u, 'datasets/*'],
  [/^ListVersions1$|OfDeduplicated0$/u, 'deduplicated/*'],
  [/OfJob0$/u, 'v1/work/dedup/*'],
  [/InStore$/u, 'v1/*'],
];
const patternOf = (sid: string): string | undefined => LISTED.find(([name]) => name.test(sid))?.[1];
const MACHINE_ROLES = ['PipelineCheckpointRole', 'RestoreRole', 'DedupRole'];

describe('the roles', () => {
  it('are one a function, and one a state machine', () => {
    expect(roles).toEqual([...Object.keys(ALLOWED), ...MACHINE_ROLES].sort());
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    const used = functions.map(({ Properties }) => asText(Properties['Role']));
    expect(new Set(used).size).toBe(functions.length);
  });

  it.each(Object.entries(ALLOWED))('%s has its rights and no others', (role, allowed) => {
    const log = [`logs:CreateLogStream`, `logs:PutLogEvents`].map(
      (action) => `${action} <${role.replace(/Role$/u, 'Log')}.Arn>`,
    );
    expect(rightsOf(statements, role).map(shorten).sort()).toEqual([...allowed, ...log].sort());
  });

  it('let a state machine call its own functions and read batch lists only', () => {
    const rights = rightsOf(statements, 'RestoreRole').map(shorten);
    expect([...new Set(rights)]).toEqual([
      'lambda:InvokeFunction <RestoreFinishFunction.Arn>',
      'lambda:InvokeFunction <RestorePartFunction.Arn>',
      'lambda:InvokeFunction <RestorePlanFunction.Arn>',
      's3:GetObject work',
      'states:DescribeExecution executions of RestoreMachine',
      'states:StartExecution <RestoreMachine>',
      'states:StopExecution executions of RestoreMachine',
    ]);
  });

  it('may delete nothing, but for retire: exact versions under the prefixes', () => {
    const deleting = statements.filter(({ actions }) =>
      actions.some(
        (action) => /delete|remove|lifecycle/iu.test(action) && !action.startsWith('sqs:'),
      ),
    );
    expect(deleting.map(({ role, actions }) => [role, actions])).toEqual([
      ['RetireWorkerRole', ['s3:DeleteObjectVersion']],
    ]);
    const byDefault = statementsOf(synthesize().template).flatMap(({ actions }) => actions);
    expect(byDefault.filter((action) => action.startsWith('s3:Delete'))).toEqual([]);
  });

  it('name no wildcard: no action with *, no resource but a prefix of a named bucket', () => {
    for (const { actions, resources } of statements) {
      expect(actions.filter((action) => action.includes('*'))).toEqual([]);
      for (const resource of resources) {
        expect(resource).not.toBe('*');
        expect(resource.replace(EXECUTIONS, '')).not.toMatch(/\*(?!$)|[^/]\*$/u);
      }
    }
  });

  it('list under the prefixes only', () => {
    const listing = statements.filter(({ actions }) =>
      actions.some((action) => action.startsWith('s3:List')),
    );
    expect(listing).not.toHaveLength(0);
    for (const { role, sid, conditions } of listing) {
      const operators = Object.keys(conditions);
      const patterns = Object.values(conditions)[0]?.['s3:prefix'];
      expect([role, patterns]).toEqual([role, [patternOf(sid)]]);
      // A listing must name its prefix; HEAD and GET cannot, and need the right to see absence.
      expect(operators).toEqual([sid.startsWith('List') ? 'StringLike' : 'StringLikeIfExists']);
    }
  });

  it('are assumed by their service only, and have no managed or inline policy', () => {
    for (const { Properties } of resourcesOf(template, 'AWS::IAM::Role')) {
      expect(Object.keys(Properties).sort()).toEqual(['AssumeRolePolicyDocument', 'Description']);
    }
  });
});
