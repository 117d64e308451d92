import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compress } from 'zstd-napi';
import { readDedupPlan } from '../../shared/app/dedup/job-documents.ts';
import { readJobWork } from '../../shared/app/dedup/job-work.ts';
import { dedupTotalsSchema } from '../../shared/contracts/dedup-states.ts';
import { DedupCloud, OUT } from './cloud.ts';
import { type Expected, joinRows, makeRows, runOnOneMachine } from './rows.ts';

const ROWS = makeRows(20_261_125, 900);
const FILES: ReadonlyMap<string, Buffer> = new Map([
  ['a.jsonl', joinRows(ROWS.slice(0, 300))],
  ['below/b.jsonl.gz', gzipSync(joinRows(ROWS.slice(300, 500)))],
  ['c.jsonl.zst', compress(joinRows(ROWS.slice(500, 700)))],
  [
    'd.jsonl',
    Buffer.concat([joinRows(ROWS.slice(700)), Buffer.from('not json\n[1]\n{"text":"x"}')]),
  ],
  ['e.jsonl', Buffer.alloc(0)],
]);

async function cloudWith(files = FILES): Promise<DedupCloud> {
  const cloud = new DedupCloud();
  for (const [name, bytes] of files) await cloud.put(name, bytes);
  return cloud;
}

/** Of all inputs, in their order, as the command line writes one file. */
const joinBeside = (cloud: DedupCloud, kind: 'report' | 'rejected', expected: Expected): Buffer =>
  Buffer.concat(
    [...expected.outputs.keys()].map(
      (name) => cloud.output(`_mithril/${kind}/${name}.jsonl`) ?? Buffer.alloc(0),
    ),
  );

function expectSame(cloud: DedupCloud, expected: Expected): void {
  for (const [name, bytes] of expected.outputs) {
    expect([name, cloud.output(name)?.equals(bytes)]).toEqual([name, true]);
  }
  expect(joinBeside(cloud, 'report', expected).equals(expected.report)).toBe(true);
  expect(joinBeside(cloud, 'rejected', expected).equals(expected.rejected)).toBe(true);
}

const totalsOf = (cloud: DedupCloud) =>
  dedupTotalsSchema.parse(JSON.parse(cloud.output('_mithril/totals.json')?.toString() ?? ''));

describe('a dedup job', () => {
  it.each([
    { keep: 'first', mode: 'drop' },
    { keep: 'max:score', mode: 'drop', idKey: 'id' },
    { keep: 'last', mode: 'annotate' },
    { keep: 'longest', mode: 'drop-all' },
  ] as const)('writes what the command line writes: %o', async (changes) => {
    const cloud = await cloudWith();
    const expected = await runOnOneMachine(FILES, changes);
    const ended = await cloud.run({ ...changes, badShareMax: 0.5 });
    expect(ended).toMatchObject({ kind: 'reported', duplicates: expected.summary.duplicates });
    expectSame(cloud, expected);
    const totals = totalsOf(cloud);
    expect(cloud.log.counted('Documents')).toBe(totals.total.rows);
    expect(cloud.log.counted('DuplicateDocuments')).toBe(totals.duplicates);
    const plan = await readDedupPlan(cloud.context('cost'), totals.jobId);
    const { usd } = await readJobWork(cloud.context('cost'), plan);
    expect(usd).toBeGreaterThan(7 * 4 * 25e-6); // transitions of seven stages alone
    expect(usd).toBeCloseTo(cloud.log.counted('DollarsSpent'), 12);
    expect(totals).toMatchObject({
      total: expected.summary.total,
      groups: expected.summary.groups,
      candidates: expected.summary.candidates,
    });
    expect(totals.files).toMatchObject(expected.summary.files);
    expect(expected.summary.duplicates).toBeGreaterThan(200);
  });

  it('divides the work, and counts what cannot be used', async () => {
    const cloud = await cloudWith();
    await cloud.run({ badShareMax: 0.5 });
    const work = cloud.store.bucket('store').list('v1/work/dedup/');
    const count = (part: string): number =>
      work.filter(({ version }) => version.head.object.key.includes(part)).length;
    expect(count('/done/hash/')).toBeGreaterThan(8);
    expect(count('/done/bucket/')).toBeGreaterThan(8);
    expect(count('/done/verify/')).toBeGreaterThan(3);
    expect(totalsOf(cloud).files.find(({ name }) => name === 'd.jsonl')).toMatchObject({
      rejected: 2,
    });
  });

  it('does nothing more when it is run again', async () => {
    const cloud = await cloudWith();
    const first = await cloud.run({ badShareMax: 0.5 });
    const before = cloud.outputs();
    expect(await cloud.run({ badShareMax: 0.5 })).toEqual(first);
    expect(cloud.outputs()).toEqual(before);
  });

  it('takes the output of another job as its input, but not its reports', async () => {
    const cloud = await cloudWith();
    await cloud.run({ badShareMax: 0.5 });
    const input = { bucket: 'data', prefix: OUT };
    const output = { bucket: 'data', prefix: 'deduplicated/again/' };
    const ended = await cloud.run({ input, output, badShareMax: 0.5 });
    expect(ended).toMatchObject({ kind: 'reported', duplicates: 0, dropped: 0 });
  });

  it('keeps all rows where none is like another', async () => {
    const cloud = await cloudWith(
      new Map([
        ['a.jsonl', joinRows(['one', 'two', 'three'].map((text) => JSON.stringify({ text })))],
      ]),
    );
    expect(await cloud.run()).toMatchObject({ kind: 'reported', kept: 3, duplicates: 0 });
  });

  it.each([
    ['no input', new Map<string, Buffer>(), {}, /No \.jsonl/u],
    [
      'an output inside the input',
      FILES,
      { output: { bucket: 'data', prefix: 'datasets/' } },
      /overlap/u,
    ],
    [
      'too many rows that cannot be used',
      FILES,
      { badShareMax: 0.001 },
      /broken_json at byte \d+ of d\.jsonl/u,
    ],
    [
      'broken objects, each by its name',
      new Map([
        ...FILES,
        ['x.jsonl.gz', Buffer.from('no gzip')],
        ['y.jsonl.zst', compress(joinRows(ROWS)).subarray(0, 500)],
      ]),
      { badShareMax: 0.5 },
      /x\.jsonl\.gz: .*; y\.jsonl\.zst: /u,
    ],
  ])('is refused for %s', async (_, files, changes, reason) => {
    const cloud = await cloudWith(files);
    const ended = await cloud.run(changes);
    expect(ended).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect(cloud.outputs().filter((name) => !name.startsWith('_mithril/'))).toEqual([]);
  });

  it('overwrites nothing: neither objects nor the output of another job', async () => {
    const cloud = await cloudWith();
    const mine = { bucket: 'data', key: `${OUT}mine.txt` };
    await cloud.store.write(mine, Buffer.from('mine'), { ifAbsent: true });
    expect(await cloud.run()).toMatchObject({ reason: expect.stringContaining('already') });
    const other = await cloudWith();
    await other.run({ badShareMax: 0.5 });
    const ended = await other.run({ badShareMax: 0.5, keep: 'last' });
    expect(ended).toMatchObject({ reason: expect.stringContaining('another job') });
  });

  it('ends when an input changes under it', async () => {
    const cloud = await cloudWith();
    const changed = cloud.put.bind(cloud, 'a.jsonl', joinRows(ROWS.slice(0, 299)));
    let isChanged = false;
    cloud.onWorker = (state) => {
      if (state === 'filter' && !isChanged) {
        isChanged = true;
        void changed();
      }
    };
    const ended = await cloud.run({ badShareMax: 0.5 });
    expect(ended).toMatchObject({ reason: expect.stringContaining('was overwritten') });
  });
});
