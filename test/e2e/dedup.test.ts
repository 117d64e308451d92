// The dedup job on the real template: byte for byte what the command line writes on one machine.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compress, decompress } from 'zstd-napi';
import { type BuiltCli, buildCli } from '../../cli/testing/built-cli.ts';
import { deployAssembly } from '../../shared/adapters/local-stack/deploy-assembly.ts';
import { dedupTotalsSchema } from '../../shared/contracts/dedup-states.ts';
import { type StackOutputs, stackOutputsSchema } from '../../shared/contracts/stack-outputs.ts';
import { type Expected, joinRows, makeRows, runOnOneMachine } from '../dedup/rows.ts';
import { prepareCheckpointStack } from './fixtures/checkpoint-stack.ts';
import { DedupClient } from './fixtures/dedup-client.ts';
import { describeOnLocalStack, eventually } from './fixtures/local-stack-fixture.ts';

const MIB = 1024 * 1024;
const CASE_MS = 300_000;
const TWEETS = join(
  process.env['MITHRIL_DEDUP_DATA'] ?? join(import.meta.dirname, '../../../shared/data/dedup'),
  'tweeteval.jsonl.zst',
);

/** 2.5 MB of plain rows in three tasks of 1 MiB, and both kinds of compressed objects. */
const ROWS = makeRows(11, 12_000);
const SMALL: ReadonlyMap<string, Buffer> = new Map([
  ['a.jsonl', joinRows(ROWS.slice(0, 8_000))],
  ['more/b.jsonl.gz', gzipSync(joinRows(ROWS.slice(8_000, 10_000)))],
  ['more/c.jsonl.zst', compress(joinRows(ROWS.slice(10_000)))],
  ['z.jsonl', Buffer.from('not json\n{"text":"one of its own"}\n[1]\n')],
]);

/** Cuts lines into parts, some of them compressed. */
function splitTweets(): ReadonlyMap<string, Buffer> {
  const lines = decompress(readFileSync(TWEETS)).toString('utf8').trimEnd().split('\n');
  const part = (from: number, to: number): Buffer =>
    joinRows(lines.slice(Math.floor(lines.length * from), Math.floor(lines.length * to)));
  return new Map([
    ['part-0.jsonl', part(0, 0.5)],
    ['part-1.jsonl.zst', compress(part(0.5, 0.8))],
    ['part-2.jsonl.gz', gzipSync(part(0.8, 0.9))],
    ['part-3.jsonl', part(0.9, 1)],
  ]);
}

await describeOnLocalStack('the dedup job on the local stack', (stack) => {
  let outputs: StackOutputs;
  let client: DedupClient;
  let cli: BuiltCli;

  beforeAll(async () => {
    const dedup = { taskBytes: MIB };
    const cdkOut = prepareCheckpointStack(stack.folder(), { dedup });
    const { outputs: found } = await deployAssembly({
      endpoint: stack.endpoint(),
      cdkOut,
      stackName: 'Mithril',
      parameters: { Workers: '2' },
    });
    outputs = stackOutputsSchema.parse(found);
    client = new DedupClient(stack.endpoint(), outputs);
    cli = await buildCli();
  }, CASE_MS);
  afterAll(() => cli?.remove());

  const mithril = (...args: readonly string[]) =>
    cli.run(['dedup', ...args], {
      env: {
        MITHRIL_ENDPOINT_URL: stack.endpoint(),
        MITHRIL_REGION: outputs.Region,
        MITHRIL_STORE_BUCKET: outputs.StoreBucket,
        MITHRIL_DEDUP_STATE_MACHINE_ARN: outputs.DedupStateMachineArn,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    });
  const at = (key: string): string => `s3://${outputs.StoreBucket}/${key}`;

  async function expectSame(prefix: string, expected: Expected): Promise<void> {
    const beside = { report: Buffer.alloc(0), rejected: Buffer.alloc(0) };
    for (const [name, bytes] of expected.outputs) {
      const output = await client.read(`${prefix}${name}`);
      expect([name, output?.equals(bytes)]).toEqual([name, true]);
      for (const kind of ['report', 'rejected'] as const) {
        const part = await client.read(`${prefix}_mithril/${kind}/${name}.jsonl`);
        if (part !== null) beside[kind] = Buffer.concat([beside[kind], part]);
      }
    }
    expect(beside.report.equals(expected.report)).toBe(true);
    expect(beside.rejected.equals(expected.rejected)).toBe(true);
    const totals = await client.read(`${prefix}_mithril/totals.json`);
    expect(dedupTotalsSchema.parse(JSON.parse(totals?.toString() ?? ''))).toMatchObject({
      total: expected.summary.total,
      duplicates: expected.summary.duplicates,
      groups: expected.summary.groups,
      candidates: expected.summary.candidates,
    });
  }

  test('submit, wait, status: the bytes of one machine', { timeout: CASE_MS }, async () => {
    await client.put('datasets/small/', SMALL);
    const [from, to] = [at('datasets/small/'), at('deduplicated/small/')];
    const options = ['--keep', 'max:score', '--id-key', 'id', '--max-bad', '50%'];
    const ended = await mithril('submit', from, '-o', to, ...options, '--wait');
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('small/: done') });
    const changes = { keep: 'max:score', idKey: 'id' } as const;
    await expectSame('deduplicated/small/', await runOnOneMachine(SMALL, changes));
    const status = await mithril('status', to, '--format', 'json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      state: 'done',
      attempt: 1,
      stages: expect.arrayContaining([{ stage: 'hash', done: 6, total: 6 }]),
      totals: { total: { rejected: 2 } },
    });
    const again = await mithril('submit', from, '-o', to, ...options);
    expect(again.stdout).toContain('done already');
    const other = await mithril('submit', from, '-o', to);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('another job') });
  });

  test('tasks that come twice, and after a kill, change nothing', {
    timeout: CASE_MS,
  }, async () => {
    const { jobId } = dedupTotalsSchema.parse(
      JSON.parse((await client.read('deduplicated/small/_mithril/totals.json'))?.toString() ?? ''),
    );
    const work = `v1/work/dedup/${jobId}/`;
    const before = await client.list(work);
    const results = await client.list('deduplicated/small/');
    const stages = ['hash', 'bucket', 'shingle', 'verify', 'filter'];
    for (const stage of stages) {
      const twice = [0, 0].map((task) => client.call(stage, { jobId, task }));
      expect(await Promise.all(twice)).toEqual([0, 0].map((task) => ({ kind: 'done', task })));
    }
    expect(await client.list(work)).toEqual(before);
    // Killed between its last output and its marker: the next try finds what it would write.
    for (const stage of stages) {
      await client.forget(`${work}done/${stage}/000000.json`);
      expect(await client.call(stage, { jobId, task: 0 })).toEqual({ kind: 'done', task: 0 });
    }
    expect([...(await client.list(work)).keys()]).toEqual([...before.keys()]);
    expect(await client.list('deduplicated/small/')).toEqual(results);
  });

  test('a job that was stopped goes on as a new attempt', { timeout: CASE_MS }, async () => {
    const [from, to] = [at('datasets/small/'), at('deduplicated/stopped/')];
    await client.hold('shingle', 0);
    const options = ['--max-bad', '50%', '--mode', 'annotate'];
    const started = await mithril('submit', from, '-o', to, ...options);
    expect(started.stdout).toContain('Started attempt 1: 4 objects');
    const progress = async () => {
      const { stdout } = await mithril('status', to, '--format', 'json');
      return stdout === '' ? {} : JSON.parse(stdout);
    };
    await eventually('stitch is done', CASE_MS, async () => {
      const { stages = [] } = await progress();
      return stages.find((it: { stage: string }) => it.stage === 'stitch')?.done === 1
        ? true
        : null;
    });
    await client.stopAll();
    const stopped = await progress();
    expect(stopped).toMatchObject({ state: 'failed', attempt: 1, totals: null });
    const hashed = await client.list(`v1/work/dedup/${stopped.jobId}/hash/`);
    expect(hashed.size).toBe(6);
    await client.hold('shingle', null);
    const ended = await mithril('submit', from, '-o', to, ...options, '--wait');
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('attempt 2') });
    expect(await client.list(`v1/work/dedup/${stopped.jobId}/hash/`)).toEqual(hashed);
    await expectSame('deduplicated/stopped/', await runOnOneMachine(SMALL, { mode: 'annotate' }));
  });

  test('broken objects are named, and nothing is written', { timeout: CASE_MS }, async () => {
    const broken = new Map([...SMALL, ['x.jsonl.gz', Buffer.from('no gzip at all')]]);
    await client.put('datasets/broken/', broken);
    const place = (prefix: string) => ({ bucket: outputs.StoreBucket, prefix });
    const answer = await client.execute({
      input: place('datasets/broken/'),
      output: place('deduplicated/broken/'),
      badShareMax: 0.5,
    });
    expect(answer).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('x.jsonl.gz'),
    });
    expect([...(await client.list('deduplicated/broken/')).keys()]).toEqual([
      'deduplicated/broken/_mithril/job.json',
    ]);
    const status = await mithril('status', at('deduplicated/broken/'));
    expect(status).toMatchObject({ code: 1, stdout: expect.stringContaining('x.jsonl.gz') });
  });

  test('a plan says what a job would take', { timeout: CASE_MS }, async () => {
    const plan = await mithril('plan', at('datasets/small/'), '--format', 'json');
    expect(JSON.parse(plan.stdout)).toMatchObject({ inputs: 4, workers: 200, advice: null });
    const text = await mithril('plan', at('datasets/small/'));
    expect(text.stdout).toMatch(/4 objects[\s\S]*time[\s\S]*price[\s\S]*concurrency/u);
  });

  test('TweetEval is deduplicated to the bytes of one machine', { timeout: CASE_MS }, async (t) => {
    t.skip(!existsSync(TWEETS), 'it is not in the folder that MITHRIL_DEDUP_DATA names');
    const files = splitTweets();
    await client.put('datasets/tweets/', files);
    const place = (prefix: string) => ({ bucket: outputs.StoreBucket, prefix });
    const answer = await client.execute({
      input: place('datasets/tweets/'),
      output: place('deduplicated/tweets/'),
      idKey: 'id',
    });
    const expected = await runOnOneMachine(files, { idKey: 'id' });
    expect(answer).toMatchObject({
      kind: 'reported',
      rows: expected.summary.total.rows,
      duplicates: expected.summary.duplicates,
    });
    await expectSame('deduplicated/tweets/', expected);
    expect(expected.summary.duplicates).toBeGreaterThan(1_000);
  });
});
