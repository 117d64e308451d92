import { describe, expect, it } from 'vitest';
import { storageUsdPerMonth } from '../../shared/domain/cost/prices.ts';
import { Cloud, nextStep, weights } from './cloud.ts';

const BYTES = 40_000;

describe.each([
  { name: 'versioned, S3 holds checksums', isVersioned: true, hasChecksum: true },
  { name: 'versioned, no checksums', isVersioned: true, hasChecksum: false },
  { name: 'not versioned', isVersioned: false, hasChecksum: true },
])('checkpoints of a bucket that is $name', (bucket) => {
  it('come back as they were: a keyframe, then deltas', async () => {
    const cloud = new Cloud(bucket);
    const first = weights(BYTES, 1);
    const second = nextStep(first, 9_000);
    const one = await cloud.process('checkpoints/run/step-1/model.bin', first);
    const two = await cloud.process('checkpoints/run/step-2/model.bin', second);
    expect(await cloud.row(one)).toMatchObject({ state: 'VERIFIED', verified: { depth: 0 } });
    expect(await cloud.row(two)).toMatchObject({ state: 'VERIFIED', verified: { depth: 1 } });
    expect((await cloud.decode(one)).equals(first)).toBe(true);
    expect((await cloud.decode(two)).equals(second)).toBe(true);
    expect(cloud.original(one)?.equals(first)).toBe(true);
    expect(await cloud.restore(two, 'restored/model.bin')).toEqual({
      kind: 'restored',
      bytes: BYTES,
    });
    expect(cloud.stored('restored/model.bin')?.equals(second)).toBe(true);
    expect(cloud.log.counted('CheckpointsVerified')).toBe(2);
    expect(cloud.log.counted('VerifyMismatch')).toBe(0);
    expect(cloud.log.counted('BytesIn')).toBe(2 * BYTES);
    const rows = [await cloud.row(one), await cloud.row(two)];
    const bytesOut = rows.reduce((sum, row) => sum + (row?.verified?.bytesOut ?? 0), 0);
    expect(cloud.log.counted('BytesOut')).toBe(bytesOut);
    expect(cloud.log.counted('ChainDepth')).toBe(1);
    expect(cloud.log.counted('DollarsSpent')).toBeGreaterThan(20 * 25e-6);
    expect(cloud.log.counted('DollarsSavableMonthly')).toBeCloseTo(
      storageUsdPerMonth(2 * BYTES - bytesOut),
      12,
    );
  });

  it.each([0, 1, 8_191, 8_192, 8_193])('round-trip at %i bytes', async (bytes) => {
    const cloud = new Cloud(bucket);
    const object = await cloud.process('checkpoints/a', weights(bytes, 3));
    expect((await cloud.row(object))?.state).toBe('VERIFIED');
    expect((await cloud.decode(object)).equals(weights(bytes, 3))).toBe(true);
    expect((await cloud.restore(object, 'restored/a')).kind).toBe('restored');
    expect(cloud.stored('restored/a')?.equals(weights(bytes, 3))).toBe(true);
  });

  it('may be empty in two steps: nothing refers to nothing', async () => {
    const cloud = new Cloud(bucket);
    await cloud.process('checkpoints/step-1/m', Buffer.alloc(0));
    const two = await cloud.process('checkpoints/step-2/m', Buffer.alloc(0));
    expect(await cloud.row(two)).toMatchObject({ state: 'VERIFIED', verified: { depth: 0 } });
  });
});
