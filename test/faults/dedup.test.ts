import { beforeAll, describe, expect, it } from 'vitest';
import { ObjectUpload } from '../../shared/app/dedup/object-upload.ts';
import { DATA, DedupCloud } from '../dedup/cloud.ts';
import { type Expected, joinRows, makeRows, runOnOneMachine } from '../dedup/rows.ts';
import { FAULTS, type Fault, Injector } from './injector.ts';

/**
 * Every call of every port fails once, in every way, as for checkpoints (fail-at-nth.ts): the Nth call
 * of a job is made to fail, for N from 1 until a job has fewer calls. A job that failed is run again;
 * then its outputs must be those of one machine, and no upload may be left open.
 */
const ROWS = makeRows(3, 60);
const FILES: ReadonlyMap<string, Buffer> = new Map([
  ['a.jsonl', joinRows(ROWS.slice(0, 40))],
  ['b.jsonl', joinRows([...ROWS.slice(40), 'no json'])],
]);
/** Some tasks, some buckets, some bins. */
const LIMITS = { taskBytes: 8_000, parts: 1, bucketBytes: 60_000, binBytes: 12_000 };
const ATTEMPTS_MAX = 5;
/** More than an outage has calls. */
const TRIES_MAX = 20;
const CALLS_MAX = 3_000;
const TIMEOUT_MS = 300_000;
let expected: Expected;

beforeAll(async () => {
  expected = await runOnOneMachine(FILES);
});

/** Runs the job until it has ended; what is wrong then, as sentences. */
async function runOnce(injector: Injector): Promise<string[]> {
  const cloud = new DedupCloud({ limits: LIMITS });
  for (const [name, bytes] of FILES) await cloud.put(name, bytes);
  cloud.injector = injector;
  const kind = await runUntilDone(cloud);
  await injector.settle();
  const findings = kind === 'reported' ? [] : [`lost: the job ended as ${kind}`];
  for (const [name, bytes] of expected.outputs) {
    const output = cloud.output(name);
    if (output?.equals(bytes) !== true) findings.push(`wrong: ${name} has other bytes`);
  }
  const beside = (side: string): Buffer =>
    Buffer.concat(
      [...FILES.keys()].map(
        (name) => cloud.output(`_mithril/${side}/${name}.jsonl`) ?? Buffer.alloc(0),
      ),
    );
  if (!beside('report').equals(expected.report)) findings.push('wrong: the report');
  if (!beside('rejected').equals(expected.rejected)) findings.push('wrong: the rejected rows');
  if (cloud.output('_mithril/totals.json') === null) findings.push('lost: the totals');
  return findings;
}

async function runUntilDone(cloud: DedupCloud): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    try {
      return (await cloud.run({ badShareMax: 0.5 })).kind;
    } catch {
      // A person submits the job again.
    }
  }
  return 'failed';
}

interface Tally {
  readonly sites: Set<string>;
  readonly findings: string[];
  cases: number;
}

async function failAtEveryCall(fault: Fault): Promise<Tally> {
  const tally: Tally = { sites: new Set(), cases: 0, findings: [] };
  for (let target = 1; target <= CALLS_MAX; target += 1) {
    const injector = new Injector(fault, target);
    const findings = await runOnce(injector);
    if (injector.hit === null) return tally;
    tally.cases += 1;
    tally.sites.add(injector.hit);
    const where = `${fault} at call ${target} (${injector.hit})`;
    tally.findings.push(...findings.map((finding) => `${where}: ${finding}`));
  }
  throw new Error(`a job has more than ${CALLS_MAX} calls`);
}

describe('fail at Nth call: dedup job', () => {
  const reached = new Set<string>();

  it.each(FAULTS)(
    'nothing is lost and nothing is wrong: %s',
    { timeout: TIMEOUT_MS },
    async (fault) => {
      const tally = await failAtEveryCall(fault);
      for (const site of tally.sites) reached.add(site);
      process.stdout.write(
        `dedup, ${fault}: ${tally.sites.size} call sites, ${tally.cases} cases, ${tally.findings.length} findings\n`,
      );
      expect(tally.findings).toEqual([]);
      expect(tally.cases).toBeGreaterThan(fault === 'short read' ? 50 : 100);
    },
  );

  it('reaches every call site of a job without faults', async () => {
    const injector = new Injector(null, 0);
    expect(await runOnce(injector)).toEqual([]);
    expect([...injector.sites.keys()].filter((site) => !reached.has(site))).toEqual([]);
  });
});

describe('an upload in parts', () => {
  const PIECES = [9, 9, 1].map((mib, at) => Buffer.alloc(mib * 1024 * 1024, at + 1));
  const target = { bucket: DATA, key: 'deduplicated/set/large.jsonl' };
  const upload = async (cloud: DedupCloud, pieces = PIECES): Promise<void> => {
    const uploading = new ObjectUpload(cloud.context('filter'), target);
    try {
      for (const piece of pieces) await uploading.append(piece);
      await uploading.finish();
    } catch (error) {
      await uploading.abort().catch(() => undefined);
      throw error;
    }
  };

  it.each(FAULTS.filter((fault) => fault !== 'short read'))(
    'appears whole or not at all, at whichever call it fails: %s',
    { timeout: TIMEOUT_MS },
    async (fault) => {
      for (let call = 1; ; call += 1) {
        const cloud = new DedupCloud({ injector: new Injector(fault, call) });
        for (let tries = 0; tries < TRIES_MAX; tries += 1) {
          const done = await upload(cloud).then(
            () => true,
            () => false,
          );
          if (done) break;
        }
        await cloud.injector?.settle();
        expect(cloud.output('large.jsonl')?.equals(Buffer.concat(PIECES))).toBe(true);
        if (cloud.injector?.hit === null) break;
      }
    },
  );

  it('is refused where other bytes stand', async () => {
    const cloud = new DedupCloud();
    await upload(cloud, [Buffer.from('mine')]);
    await expect(upload(cloud)).rejects.toMatchObject({ code: 'Corruption', retryable: false });
    expect(cloud.output('large.jsonl')?.toString()).toBe('mine');
    expect(cloud.store.openUploadCount()).toBe(0);
  });
});
