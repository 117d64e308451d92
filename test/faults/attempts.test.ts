import { describe, expect, it } from 'vitest';
import { commitCheckpoint } from '../../shared/app/checkpoint/commit-checkpoint.ts';
import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import { encodeBatch } from '../../shared/app/checkpoint/encode-batch.ts';
import { endCheckpoint } from '../../shared/app/checkpoint/end-checkpoint.ts';
import { planCheckpoint } from '../../shared/app/checkpoint/plan-checkpoint.ts';
import { publishCheckpoint } from '../../shared/app/checkpoint/publish-checkpoint.ts';
import { quarantineCheckpoint } from '../../shared/app/checkpoint/quarantine-checkpoint.ts';
import { verifyBatch } from '../../shared/app/checkpoint/verify-batch.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { ATTEMPTS_MAX } from '../../shared/contracts/limits.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { Cloud, nextStep, SOURCE, weights } from './cloud.ts';

const BYTES = 40_000; // five segments, three batches
const KEY = 'checkpoints/run/step-1/model.bin';

/** Counts writes of segments that were not there before, and encoder calls. */
const counting = (context: CheckpointContext) => {
  const counts = { segmentsWritten: 0, segmentsEncoded: 0 };
  const counted: CheckpointContext = {
    ...context,
    codec: {
      ...context.codec,
      encodeSegment: (request) => {
        counts.segmentsEncoded += 1;
        return context.codec.encodeSegment(request);
      },
    },
    objects: {
      head: (reference) => context.objects.head(reference),
      read: (reference, range) => context.objects.read(reference, range),
      readAll: (reference, bytesMax) => context.objects.readAll(reference, bytesMax),
      listPage: (bucket, prefix, cursor) => context.objects.listPage(bucket, prefix, cursor),
      write: (target, bytes, options) => {
        counts.segmentsWritten += target.key.endsWith('.mseg') ? 1 : 0;
        return context.objects.write(target, bytes, options);
      },
    },
  };
  return { counts, counted };
};

const planned = async (cloud: Cloud, object: ObjectVersion) => {
  const run = { checkpointId: checkpointIdOf(object), attempt: 1 };
  await planCheckpoint(cloud.plainContext(), { ...run, object });
  return run;
};

describe('encode', () => {
  it('goes on after a kill without reading, encoding or uploading a segment again', async () => {
    const cloud = new Cloud({ settings: { batchSegments: 5 } });
    const object = await cloud.upload(KEY, weights(BYTES, 1));
    const run = await planned(cloud, object);
    const input = { ...run, batch: 0, segmentFirst: 0, segmentCount: 5 };
    const { counts, counted } = counting(cloud.plainContext());
    let checks = 0;
    const short = { ...counted, remainingMs: () => (checks++ < 3 ? 60_000 : 1) };
    await expect(encodeBatch(short, input)).rejects.toMatchObject({
      code: 'DeadlineReached',
      retryable: true,
    });
    expect(counts).toEqual({ segmentsWritten: 3, segmentsEncoded: 3 });
    expect(await encodeBatch(counted, input)).toEqual({ kind: 'encoded', batch: 0 });
    expect(counts).toEqual({ segmentsWritten: 5, segmentsEncoded: 5 });
    expect(await encodeBatch(counted, input)).toEqual({ kind: 'encoded', batch: 0 });
    expect(counts).toEqual({ segmentsWritten: 5, segmentsEncoded: 5 });
  });

  it('refuses a content-derived key that holds other bytes, with an alarm by code', async () => {
    for (const damage of [Buffer.from('other'), null]) {
      const cloud = new Cloud();
      const object = await cloud.upload(KEY, weights(5_000, 1));
      const run = await planned(cloud, object);
      const input = { ...run, batch: 0, segmentFirst: 0, segmentCount: 1 };
      await encodeBatch(cloud.plainContext(), input);
      const [key = ''] = cloud.storedKeys(`v1/checkpoints/${run.checkpointId}/segments/`);
      const stored = cloud.stored(key) ?? Buffer.alloc(0);
      const other = damage ?? Buffer.from(stored.map((byte) => byte ^ 1));
      for (const name of cloud.storedKeys('v1/work/')) {
        if (!name.includes('plan') && !name.includes('layout')) {
          cloud.store.bucket('store').remove(name, 0);
        }
      }
      await cloud.store.write({ bucket: 'store', key }, other, { ifAbsent: false });
      await expect(encodeBatch(cloud.plainContext(), input)).rejects.toMatchObject({
        code: 'SegmentConflict',
        retryable: false,
      });
    }
  });
});

describe('an object that changes while it is worked on', () => {
  it.each(['plan', 'encode', 'commit', 'verify', 'publish'])(
    'keeps each version apart where versions are kept: overwritten before %s',
    async (state) => {
      const cloud = new Cloud();
      const first = weights(BYTES, 1);
      const second = nextStep(first, 9_000);
      let isDone = false;
      cloud.onWorker = (name) => {
        if (name === state && !isDone) {
          isDone = true;
          void cloud.upload(KEY, second);
        }
      };
      const one = await cloud.process(KEY, first);
      await cloud.reconcileUntilQuiet();
      const two = cloud.currentUpload(KEY);
      expect(isDone && two.versionId !== one.versionId).toBe(true);
      expect((await cloud.decode(one)).equals(first)).toBe(true);
      expect((await cloud.decode(two)).equals(second)).toBe(true);
    },
  );

  it.each([
    { state: 'plan', hasChecksum: true, ended: true },
    { state: 'encode', hasChecksum: true, ended: true },
    { state: 'commit', hasChecksum: true, ended: false },
    { state: 'verify', hasChecksum: true, ended: false },
    { state: 'verify', hasChecksum: false, ended: true },
    { state: 'publish', hasChecksum: false, ended: false },
  ])(
    'never mixes two uploads without versions: overwritten before $state, checksum $hasChecksum',
    async ({ state, hasChecksum, ended }) => {
      const cloud = new Cloud({ isVersioned: false, hasChecksum });
      const first = weights(BYTES, 1);
      const second = nextStep(first, 9_000);
      let isDone = false;
      cloud.onWorker = (name) => {
        if (name === state && !isDone) {
          isDone = true;
          void cloud.upload(KEY, second);
        }
      };
      const one = await cloud.process(KEY, first);
      const row = await cloud.row(one);
      expect(row?.state).toBe(ended ? 'SUPERSEDED' : 'VERIFIED');
      const decoded = ended ? first : await cloud.decode(one);
      expect(decoded.equals(first)).toBe(true);
      await cloud.reconcileUntilQuiet();
      const two = cloud.currentUpload(KEY);
      expect((await cloud.decode(two)).equals(second)).toBe(true);
      expect(cloud.log.counted('VerifyMismatch')).toBe(0);
    },
  );

  it.each(['plan', 'encode', 'verify'])('ends as GONE when deleted before %s', async (state) => {
    const cloud = new Cloud({ hasChecksum: false });
    const bucket = cloud.store.bucket(SOURCE);
    cloud.onWorker = (name) => {
      const versionId = bucket.current(KEY)?.head.object.versionId;
      if (name === state && typeof versionId === 'string') bucket.removeVersion(KEY, versionId);
    };
    const object = await cloud.process(KEY, weights(BYTES, 1));
    expect(await cloud.row(object)).toMatchObject({ state: 'GONE' });
  });
});

describe('attempts', () => {
  it('follow a failed execution, and the second one is verified', async () => {
    const cloud = new Cloud();
    let failures = 0;
    cloud.onWorker = (state) => {
      if (state === 'commit' && failures < 4) {
        failures += 1;
        throw new Error('commit fails in every try of the first attempt');
      }
    };
    const bytes = weights(BYTES, 1);
    const object = await cloud.process(KEY, bytes);
    expect(await cloud.row(object)).toMatchObject({ state: 'STARTED', attempt: 1 });
    await cloud.reconcileUntilQuiet();
    expect(await cloud.row(object)).toMatchObject({ state: 'VERIFIED', attempt: 2 });
    expect((await cloud.decode(object)).equals(bytes)).toBe(true);
  });

  it('end as FAILED with the reason when all are used up, original untouched', async () => {
    const cloud = new Cloud();
    cloud.onWorker = (state) => {
      if (state === 'encode') throw new Error('no worker comes up');
    };
    const bytes = weights(BYTES, 1);
    const object = await cloud.process(KEY, bytes);
    expect(await cloud.reconcileUntilQuiet()).toMatchObject({ ended: 1 });
    expect(await cloud.row(object)).toMatchObject({
      state: 'FAILED',
      attempt: ATTEMPTS_MAX,
      reason: expect.stringContaining('no worker comes up'),
    });
    expect(cloud.original(object)?.equals(bytes)).toBe(true);
    expect(await cloud.deliver(object)).toMatchObject({ kind: 'failed', state: 'FAILED' });
  });

  it("get one more on an operator's word, and not without it", async () => {
    const cloud = new Cloud();
    let isBroken = true;
    cloud.onWorker = (state) => {
      if (state === 'encode' && isBroken) throw new Error('no worker comes up');
    };
    const bytes = weights(BYTES, 1);
    const object = await cloud.process(KEY, bytes);
    await cloud.reconcileUntilQuiet();
    isBroken = false;
    await cloud.reconcileUntilQuiet();
    expect(await cloud.row(object)).toMatchObject({ state: 'FAILED' });
    await cloud.reconcileUntilQuiet({ retryFailed: true });
    expect(await cloud.row(object)).toMatchObject({
      state: 'VERIFIED',
      attempt: ATTEMPTS_MAX + 1,
    });
    expect((await cloud.decode(object)).equals(bytes)).toBe(true);
  });

  it('leave no trace of a late worker of an older one, at any stage', async () => {
    const cloud = new Cloud();
    let failures = 0;
    cloud.onWorker = (state) => {
      if (state === 'publish' && failures < 4) {
        failures += 1;
        throw new Error('publish fails in every try of the first attempt');
      }
    };
    const bytes = weights(BYTES, 1);
    const object = await cloud.process(KEY, bytes);
    await cloud.reconcileUntilQuiet();
    const verified = await cloud.row(object);
    expect(verified).toMatchObject({ state: 'VERIFIED', attempt: 2 });

    const context = cloud.plainContext();
    const run = { checkpointId: checkpointIdOf(object), attempt: 1 };
    await planCheckpoint(context, { ...run, object });
    for (const [batch, segmentCount] of [2, 2, 1].entries()) {
      await encodeBatch(context, { ...run, batch, segmentFirst: batch * 2, segmentCount });
    }
    const committed = await commitCheckpoint(context, run);
    if (committed.kind !== 'committed') throw new Error('expected a manifest');
    const { manifestSha256 } = committed;
    const batch = { ...run, batch: 0, segmentFirst: 0, segmentCount: 2, manifestSha256 };
    await verifyBatch(context, batch);
    expect(await publishCheckpoint(context, { ...run, manifestSha256 })).toMatchObject({
      kind: 'stale',
    });
    const reason = 'late';
    expect(
      await quarantineCheckpoint(context, { kind: 'quarantine', ...run, reason }),
    ).toMatchObject({ kind: 'stale' });
    expect(
      await endCheckpoint(context, { kind: 'ended', ...run, state: 'GONE', reason }),
    ).toMatchObject({ kind: 'stale' });
    expect(await cloud.row(object)).toEqual(verified);
    expect((await cloud.decode(object)).equals(bytes)).toBe(true);
  });

  it('publish once: a second publish of the same attempt answers the same', async () => {
    const cloud = new Cloud();
    const object = await cloud.process(KEY, weights(BYTES, 1));
    const row = await cloud.row(object);
    if (row?.verified === null || row === null) throw new Error('expected a verified row');
    const input = {
      checkpointId: checkpointIdOf(object),
      attempt: 1,
      manifestSha256: row.verified.manifestSha256,
    };
    expect(await publishCheckpoint(cloud.plainContext(), input)).toMatchObject({
      kind: 'verified',
      bytesIn: BYTES,
      bytesOut: row.verified.bytesOut,
    });
    expect(cloud.log.counted('CheckpointsVerified')).toBe(1);
  });
});
