import { describe, expect, it } from 'vitest';
import { reconcileCheckpoints } from '../../shared/app/checkpoint/reconcile-checkpoints.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { Cloud, nextStep, SOURCE, weights } from './cloud.ts';

const BYTES = 20_000;
const KEY = 'checkpoints/run/model.bin';

const permutations = <T>(items: readonly T[]): T[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, index) =>
        permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
      );

const stepKey = (step: number): string => `checkpoints/run/step-${step}/model.bin`;

interface Upload {
  readonly object: ObjectVersion;
  readonly bytes: Buffer;
}

const uploadSteps = async (cloud: Cloud, count: number): Promise<Upload[]> => {
  const uploads: Upload[] = [];
  let bytes = weights(BYTES, 1);
  for (let step = 1; step <= count; step += 1) {
    uploads.push({ object: await cloud.upload(stepKey(step), bytes), bytes });
    bytes = nextStep(bytes, 9_000);
  }
  return uploads;
};

/** Sentences about what is not as it should be. */
const findUnverified = async (cloud: Cloud, uploads: readonly Upload[]): Promise<string[]> => {
  const found: string[] = [];
  for (const { object, bytes } of uploads) {
    const row = await cloud.row(object);
    if (row?.state !== 'VERIFIED' || row.attempt !== 1) {
      found.push(`${object.key} is ${row?.state} in attempt ${row?.attempt}`);
    } else if (!(await cloud.decode(object)).equals(bytes)) {
      found.push(`${object.key} decodes to other bytes`);
    }
  }
  return found;
};

describe('events', () => {
  it('delivered twice, at once and again at the end, do the work once', async () => {
    const cloud = new Cloud();
    const uploads = await uploadSteps(cloud, 2);
    for (const { object } of uploads) {
      await Promise.all([cloud.deliver(object), cloud.deliver(object)]);
      await cloud.settle();
    }
    expect(await findUnverified(cloud, uploads)).toEqual([]);
    const keys = cloud.storedKeys('v1/');
    for (const { object } of uploads) {
      expect(await cloud.deliver(object)).toMatchObject({ kind: 'already', state: 'VERIFIED' });
    }
    await cloud.settle();
    expect(cloud.storedKeys('v1/')).toEqual(keys);
    expect(cloud.log.counted('CheckpointsStarted')).toBe(2);
    expect(cloud.log.counted('CheckpointsVerified')).toBe(2);
  });

  it.each([1, 2, 3, 4])(
    'of %i uploads come in any order, one by one and all at once',
    async (n) => {
      for (const order of permutations(Array.from({ length: n }, (_, index) => index))) {
        for (const isOneByOne of [true, false]) {
          const cloud = new Cloud();
          const uploads = await uploadSteps(cloud, n);
          for (const index of order) {
            const upload = uploads[index];
            if (upload !== undefined) await cloud.deliver(upload.object);
            if (isOneByOne) await cloud.settle();
          }
          await cloud.settle();
          expect(await findUnverified(cloud, uploads)).toEqual([]);
        }
      }
    },
  );

  it('of A, B and A again under one key give three checkpoints with versions', async () => {
    const cloud = new Cloud();
    const a = weights(BYTES, 1);
    const b = nextStep(a, 9_000);
    const uploads: Upload[] = [];
    for (const bytes of [a, b, a]) {
      uploads.push({ object: await cloud.process(KEY, bytes), bytes });
    }
    expect(await findUnverified(cloud, uploads)).toEqual([]);
    expect((await cloud.row(uploads[2]?.object ?? raise()))?.verified?.depth).toBe(2);
  });

  it('of A, B and A again without versions end with the bytes that are there', async () => {
    const cloud = new Cloud({ isVersioned: false });
    const a = weights(BYTES, 1);
    const b = nextStep(a, 9_000);
    const first = await cloud.upload(KEY, a);
    const second = await cloud.upload(KEY, b);
    const third = await cloud.upload(KEY, a);
    for (const object of [second, first, third]) await cloud.deliver(object);
    await cloud.settle();
    expect(await cloud.row(first)).toBeNull();
    expect(await cloud.row(second)).toBeNull();
    expect(await findUnverified(cloud, [{ object: third, bytes: a }])).toEqual([]);
  });

  it('for other buckets, other prefixes and our own keys are ignored', async () => {
    const cloud = new Cloud({ settings: { sourceBucket: 'store', sourcePrefixes: [''] } });
    const own = { ...(await cloud.upload(KEY, weights(10, 1))), key: 'v1/work/x', bucket: 'store' };
    expect(await cloud.deliver(own)).toMatchObject({ kind: 'ignored' });
    const optedOut = new Cloud({ settings: { sourcePrefixes: [] } });
    const object = await optedOut.upload(KEY, weights(10, 1));
    expect(await optedOut.deliver(object)).toMatchObject({ kind: 'ignored' });
    expect(await optedOut.deliver({ ...object, bucket: 'store' })).toMatchObject({
      kind: 'ignored',
    });
  });

  it('for an object that is gone end without a trace', async () => {
    const cloud = new Cloud();
    const object = await cloud.upload(KEY, weights(10, 1));
    cloud.store.bucket(SOURCE).removeVersion(KEY, object.versionId ?? '');
    expect(await cloud.deliver(object)).toEqual({ kind: 'gone' });
    expect(await cloud.row(object)).toBeNull();
  });
});

describe('reconcile', () => {
  it('starts what no event told of, also objects older than the deployment', async () => {
    const cloud = new Cloud();
    const uploads = await uploadSteps(cloud, 3);
    expect(await cloud.reconcileUntilQuiet()).toMatchObject({ listed: 3, verified: 3 });
    expect(await findUnverified(cloud, uploads)).toEqual([]);
    expect(cloud.log.counted('CheckpointsMissed')).toBe(3);
  });

  it('leaves replaced versions alone that nobody started', async () => {
    const cloud = new Cloud();
    const old = await cloud.upload(KEY, weights(BYTES, 1));
    const current = await cloud.upload(KEY, weights(BYTES, 2));
    expect(await cloud.reconcileUntilQuiet()).toMatchObject({ verified: 1, skipped: 1 });
    expect(await cloud.row(old)).toBeNull();
    expect((await cloud.row(current))?.state).toBe('VERIFIED');
  });

  it('does nothing while it is switched off, and changes nothing on an empty listing', async () => {
    const off = new Cloud({ settings: { isEnabled: false } });
    const object = await off.upload(KEY, weights(BYTES, 1));
    expect(await off.deliver(object)).toMatchObject({ kind: 'ignored' });
    expect(await reconcileCheckpoints(off.plainContext(), { from: 'saved' })).toEqual({
      kind: 'disabled',
    });
    const empty = new Cloud();
    expect(await empty.reconcileUntilQuiet()).toMatchObject({ isComplete: true, listed: 0 });
  });

  it('goes on where its time ran out', async () => {
    const prefixes = ['checkpoints/a/', 'checkpoints/b/', 'checkpoints/c/'];
    const cloud = new Cloud({ settings: { sourcePrefixes: prefixes } });
    for (const prefix of prefixes) await cloud.upload(`${prefix}model.bin`, weights(100, 1));
    const outputs = [];
    for (let sweep = 0; sweep < 3; sweep += 1) {
      let checks = 0;
      // Time for one page, then none is left.
      cloud.remainingMs = () => (checks++ === 0 ? 60_000 : 0);
      outputs.push(await reconcileCheckpoints(cloud.plainContext(), { from: 'saved' }));
    }
    cloud.remainingMs = () => Number.POSITIVE_INFINITY;
    expect(outputs).toMatchObject([
      { isComplete: false, started: 1 },
      { isComplete: false, started: 1 },
      { isComplete: true, started: 1 },
    ]);
    await cloud.settle();
  });
});

const raise = (): never => {
  throw new Error('expected an upload');
};
