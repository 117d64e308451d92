import { describe, expect, it } from 'vitest';
import { retireOriginals } from '../../shared/app/checkpoint/retire-originals.ts';
import { Cloud, nextStep, SOURCE, STORE, weights } from './cloud.ts';

const BYTES = 20_000;
const HOUR_MS = 3_600_000;
const FIRST = weights(BYTES, 1);
const SECOND = nextStep(FIRST, 9_000);

const twoSteps = async (options: ConstructorParameters<typeof Cloud>[0] = {}) => {
  const cloud = new Cloud(options);
  const one = await cloud.process('checkpoints/step-1/m.bin', FIRST);
  const two = await cloud.process('checkpoints/step-2/m.bin', SECOND);
  return { cloud, one, two };
};

const retire = (cloud: Cloud) => retireOriginals(cloud.plainContext(), { from: 'start' });

describe('retire', () => {
  it('deletes originals after the grace time, and both still decode', async () => {
    const { cloud, one, two } = await twoSteps();
    cloud.clock.advance(71 * HOUR_MS);
    expect(await retire(cloud)).toMatchObject({ retired: 0, kept: 2 });
    expect(cloud.original(one)?.equals(FIRST)).toBe(true);
    cloud.clock.advance(2 * HOUR_MS);
    expect(await retire(cloud)).toMatchObject({ retired: 2, kept: 0, bytesRetired: 2 * BYTES });
    expect([cloud.original(one), cloud.original(two)]).toEqual([null, null]);
    expect(await cloud.row(two)).toMatchObject({ state: 'RETIRED' });
    expect((await cloud.decode(one)).equals(FIRST)).toBe(true);
    expect((await cloud.decode(two)).equals(SECOND)).toBe(true);
    expect((await cloud.restore(two, 'restored/m.bin')).kind).toBe('restored');
    expect(cloud.log.counted('OriginalsRetired')).toBe(2);
    const saved = cloud.log.counted('DollarsSavedMonthly');
    expect(saved).toBeGreaterThan(0);
    expect(saved).toBeCloseTo(cloud.log.counted('DollarsSavableMonthly'), 12);
    const third = nextStep(SECOND, 9_000);
    const three = await cloud.process('checkpoints/step-3/m.bin', third);
    expect(await cloud.row(three)).toMatchObject({ state: 'VERIFIED', verified: { depth: 2 } });
    expect((await cloud.decode(three)).equals(third)).toBe(true);
  });

  it('keeps everything in a bucket without versions', async () => {
    const { cloud, one } = await twoSteps({ isVersioned: false });
    cloud.clock.advance(1_000 * HOUR_MS);
    expect(await retire(cloud)).toMatchObject({ retired: 0, kept: 2 });
    expect(cloud.original(one)?.equals(FIRST)).toBe(true);
  });

  it('keeps both when the segment of the base is missing or short', async () => {
    for (const damage of ['missing', 'short']) {
      const { cloud, one, two } = await twoSteps();
      const row = await cloud.row(one);
      const prefix = row?.verified?.manifestKey.replace(/manifest.*$/u, 'segments/') ?? '';
      const [key = ''] = cloud.storedKeys(prefix);
      if (damage === 'missing') cloud.store.bucket(STORE).remove(key, 0);
      else {
        const cut = cloud.stored(key)?.subarray(1) ?? Buffer.alloc(0);
        await cloud.store.write({ bucket: STORE, key }, cut, { ifAbsent: false });
      }
      cloud.clock.advance(100 * HOUR_MS);
      const output = await retire(cloud);
      expect(output).toMatchObject({ retired: 0, kept: 2 });
      expect(output.kind === 'swept' && output.reasons[0]?.reason).toContain('segment');
      expect(cloud.original(one)?.equals(FIRST)).toBe(true);
      expect(cloud.original(two)?.equals(SECOND)).toBe(true);
      expect((await cloud.row(two))?.state).toBe('VERIFIED');
    }
  });

  it('keeps what was never verified', async () => {
    const cloud = new Cloud();
    const object = await cloud.upload('checkpoints/a', FIRST);
    cloud.clock.advance(1_000 * HOUR_MS);
    expect(await retire(cloud)).toMatchObject({ listed: 1, retired: 0 });
    expect(cloud.original(object)?.equals(FIRST)).toBe(true);
  });

  it('never brings an older version back under its key', async () => {
    const cloud = new Cloud();
    const old = await cloud.upload('checkpoints/a', FIRST);
    const current = await cloud.process('checkpoints/a', SECOND);
    cloud.clock.advance(100 * HOUR_MS);
    const output = await retire(cloud);
    expect(output).toMatchObject({ retired: 0, kept: 1 });
    expect(cloud.original(current)?.equals(SECOND)).toBe(true);
    cloud.store.bucket(SOURCE).removeVersion(old.key, old.versionId ?? '');
    expect(await retire(cloud)).toMatchObject({ retired: 1 });
  });

  it('goes on after a crash between the row and the delete', async () => {
    const { cloud, one } = await twoSteps();
    cloud.clock.advance(100 * HOUR_MS);
    const context = cloud.plainContext();
    const broken = {
      ...context,
      retirer: {
        deleteVersion: async () => {
          throw new Error('the worker was killed');
        },
      },
    };
    await expect(retireOriginals(broken, { from: 'start' })).rejects.toThrow('killed');
    expect(cloud.original(one)?.equals(FIRST)).toBe(true);
    expect(await retire(cloud)).toMatchObject({ retired: 2 });
    expect(cloud.original(one)).toBeNull();
  });
});
