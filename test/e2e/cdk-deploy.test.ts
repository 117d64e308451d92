// The pinned CDK command deploys our template to the local stack as it does to an account: bootstrap, deploy, upgrade
// while jobs run, destroy; what it deployed works, the commands of an operator see it, and only the team's data stays.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { buildCli } from '../../cli/testing/built-cli.ts';
import { clientConfig } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import {
  LOCAL_ACCOUNT,
  LOCAL_CREDENTIALS,
  LOCAL_REGION,
} from '../../shared/adapters/local-stack/ministack-environment.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { VERSION } from '../../shared/contracts/version.ts';
import { runCdk } from './fixtures/cdk-cli.ts';
import { prepareCheckpointStack } from './fixtures/checkpoint-stack.ts';
import { listInventory } from './fixtures/inventory.ts';
import { describeOnLocalStack } from './fixtures/local-stack-fixture.ts';
import { PipelineClient } from './fixtures/pipeline-client.ts';
import { createSafetensors } from './fixtures/safetensors.ts';

const TEST_MS = 600_000;
const TARGET = `aws://${LOCAL_ACCOUNT}/${LOCAL_REGION}`;
/** Checkpoints that are worked on at the same time. */
const LANES = [1, 2];
/** What our stack is made of. */
const KINDS = [
  'alarm',
  'bucket',
  'dashboard',
  'function',
  'layer',
  'log group',
  'machine',
  'mapping',
  'queue',
  'role',
  'rule',
  'table',
];

await describeOnLocalStack('cdk deploy on the local stack', (stack) => {
  const cdk = (...args: string[]) => runCdk(stack.endpoint(), stack.folder(), args);
  const deploy = (app: string) => [
    'deploy',
    'Mithril',
    '--app',
    app,
    '--require-approval',
    'never',
  ];
  const describeStack = async () => {
    const describe = new DescribeStacksCommand({ StackName: 'Mithril' });
    const client = new CloudFormationClient(clientConfig(stack.endpoint()));
    return (await client.send(describe)).Stacks?.[0];
  };
  const readOutputs = async () => {
    const outputs = (await describeStack())?.Outputs?.map((it) => [it.OutputKey, it.OutputValue]);
    return stackOutputsSchema.parse(Object.fromEntries(outputs ?? []));
  };
  const checkpoint = (seed: number) =>
    createSafetensors([{ name: 'weight', dtype: 'F32', values: 50_000 }], seed);
  let before: readonly string[] = [];

  test('bootstrap, deploy, deploy without changes, an upload', { timeout: TEST_MS }, async () => {
    const app = prepareCheckpointStack(stack.folder(), {});
    expect(await cdk('bootstrap', TARGET)).toContain('bootstrapped');
    before = await listInventory(stack.endpoint());
    await cdk(...deploy(app), '--parameters', 'Workers=2');
    const deployed = await describeStack();
    expect(deployed).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    expect(deployed?.Parameters).toContainEqual({ ParameterKey: 'Workers', ParameterValue: '2' });
    expect(await cdk(...deploy(app))).toContain('no changes');
    // What is listed here is what destroy has to take away.
    const kinds = (await listInventory(stack.endpoint()))
      .filter((it) => !before.includes(it))
      .map((it) => it.slice(0, it.lastIndexOf(' ')));
    expect([...new Set(kinds)]).toEqual(KINDS);
    const pipeline = new PipelineClient(stack.endpoint(), await readOutputs());
    const object = await pipeline.upload('checkpoints/run/step-1/m.safetensors', checkpoint(1));
    expect(await pipeline.settledRow(object)).toMatchObject({ state: 'VERIFIED' });
  });

  test('the commands of an operator see the stack', { timeout: TEST_MS }, async () => {
    const cli = await buildCli();
    const env = {
      AWS_ENDPOINT_URL: stack.endpoint(),
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    };
    const run = async (...args: string[]): Promise<unknown> => {
      const ended = await cli.run([...args, '--format', 'json'], { cwd: stack.folder(), env });
      expect({ args, code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
      return JSON.parse(ended.stdout);
    };
    try {
      await run('stack', 'config', '-q');
      const doctor = z
        .object({ checks: z.array(z.object({ name: z.string(), kind: z.string() })) })
        .parse(await run('doctor'));
      const kinds = new Map(doctor.checks.map(({ name, kind }) => [name, kind]));
      const seen = ['AWS credentials', 'clock', 'stack', 'concurrency', 'functions', 'events'];
      for (const name of [...seen, 'versions', 'notifications', 'store bucket']) {
        expect([name, kinds.get(name)]).toEqual([name, 'ok']);
      }
      expect(await run('stack', 'status')).toMatchObject({
        status: 'CREATE_COMPLETE',
        version: VERSION,
        functions: 21,
        machines: ['checkpoint', 'restore', 'dedup'].map((name) => ({ name, failed: [] })),
        queues: expect.arrayContaining([{ kind: 'dead letters', waiting: 0, inFlight: 0 }]),
      });
      const { SourceBucket } = await readOutputs();
      expect(await run('stack', 'cost', `s3://${SourceBucket}/checkpoints/`)).toMatchObject({
        isEstimate: true,
        checkpoints: [{ basis: 'measured', segments: 1, batches: 1 }],
        total: { checkpoints: 1 },
      });
    } finally {
      await cli.remove();
    }
  });

  test('an upgrade with jobs in flight lets them finish, each in its first attempt', {
    timeout: TEST_MS,
  }, async () => {
    const folder = join(stack.folder(), 'upgrade');
    mkdirSync(folder);
    // Other code in every function, another definition of the state machines, new functions.
    const config = { concurrency: { workers: 3 }, batchSegments: 4, cache: {} };
    const app = prepareCheckpointStack(folder, config, 'second');
    const outputs = await readOutputs();
    const pipeline = new PipelineClient(stack.endpoint(), outputs);
    const codeOfReconcile = async () => {
      const command = new GetFunctionCommand({ FunctionName: outputs.ReconcileFunction });
      const lambda = new LambdaClient(clientConfig(stack.endpoint()));
      return (await lambda.send(command)).Configuration?.CodeSha256;
    };
    const codeBefore = await codeOfReconcile();

    const deployment = { isOver: false };
    const upgrade = cdk(...deploy(app)).finally(() => {
      deployment.isOver = true;
    });
    const jobs: { readonly uploadedMs: number; readonly object: ObjectVersion }[] = [];
    const keepBusy = async (lane: number): Promise<void> => {
      for (let step = 1; !deployment.isOver; step += 1) {
        const uploadedMs = Date.now();
        const key = `checkpoints/lane-${lane}/step-${step}/m.safetensors`;
        const object = await pipeline.upload(key, checkpoint(lane * 1_000 + step));
        jobs.push({ uploadedMs, object });
        await Promise.race([pipeline.settledRow(object), upgrade]);
      }
    };
    await Promise.all([upgrade, ...LANES.map(keepBusy)]);
    // An event that `start` was taking while it was replaced comes again after six minutes; reconcile is quicker.
    await pipeline.call(outputs.ReconcileFunction, { from: 'start' });
    const verifiedMs: number[] = [];
    for (const { object } of jobs) {
      const row = await pipeline.settledRow(object);
      expect(row).toMatchObject({ state: 'VERIFIED', attempt: 1 });
      verifiedMs.push(row.verified?.verifiedMs ?? 0);
    }

    const upgraded = await describeStack();
    expect(upgraded).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    expect(upgraded?.Parameters).toContainEqual({ ParameterKey: 'Workers', ParameterValue: '2' });
    expect(await codeOfReconcile()).not.toBe(codeBefore);
    expect((await readOutputs()).CacheUrl).toBeDefined();
    const changedMs = upgraded?.LastUpdatedTime?.getTime() ?? 0;
    const across = jobs.filter(
      ({ uploadedMs }, job) => uploadedMs < changedMs && changedMs < (verifiedMs[job] ?? 0),
    );
    expect(across.length).toBeGreaterThan(0);
  });

  test('destroy leaves the buckets and the catalogue with the data of the team, and nothing else', {
    timeout: TEST_MS,
  }, async () => {
    const outputs = await readOutputs();
    const cacheBucket = (await listInventory(stack.endpoint())).find((it) =>
      /^bucket .*cacheblobs/u.test(it),
    );
    const app = join(stack.folder(), 'upgrade', 'cdk.out');
    await cdk('destroy', 'Mithril', '--app', app, '--force');
    await expect(describeStack()).rejects.toThrow('does not exist');
    const after = await listInventory(stack.endpoint());
    expect(after.filter((it) => !before.includes(it))).toEqual(
      [
        `bucket ${outputs.SourceBucket}`,
        `bucket ${outputs.StoreBucket}`,
        cacheBucket ?? 'no bucket of the cache',
        `table ${outputs.Table}`,
      ].sort(),
    );
    const pipeline = new PipelineClient(stack.endpoint(), outputs);
    expect(await pipeline.list(outputs.StoreBucket, 'v1/checkpoints/')).not.toEqual([]);
    const original = await pipeline.read(
      outputs.SourceBucket,
      'checkpoints/run/step-1/m.safetensors',
    );
    expect(original.equals(checkpoint(1))).toBe(true);
  });
});
