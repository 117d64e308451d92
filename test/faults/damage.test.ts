import { describe, expect, it } from 'vitest';
import { Cloud, lyingCodec, nextStep, STORE, weights } from './cloud.ts';

const BYTES = 20_000;
const KEY = 'checkpoints/run/step-2/model.bin';

type Damage = (bytes: Buffer) => Buffer | null;

const DAMAGES: readonly { readonly name: string; readonly damage: Damage }[] = [
  { name: 'a flipped bit at the start', damage: (bytes) => flip(bytes, 0) },
  { name: 'a flipped bit in the middle', damage: (bytes) => flip(bytes, bytes.length >> 1) },
  { name: 'a flipped bit at the end', damage: (bytes) => flip(bytes, bytes.length - 1) },
  { name: 'the last byte cut off', damage: (bytes) => bytes.subarray(0, -1) },
  { name: 'half of it cut off', damage: (bytes) => bytes.subarray(0, bytes.length >> 1) },
  { name: 'all of it cut off', damage: () => Buffer.alloc(0) },
  { name: 'a byte more', damage: (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]) },
  { name: 'the object gone', damage: () => null },
];

const flip = (bytes: Buffer, index: number): Buffer => {
  const out = Buffer.from(bytes);
  out[index] = (out[index] ?? 0) ^ 0x10;
  return out;
};

/** Changes what is stored at rest, as a bad disk or a foreign writer would. */
const tamper = (cloud: Cloud, match: RegExp, damage: Damage): number => {
  const keys = cloud.storedKeys('v1/checkpoints/').filter((key) => match.test(key));
  for (const key of keys) {
    const version = cloud.store.bucket(STORE).current(key);
    const damaged = version === null ? null : damage(version.bytes);
    if (damaged === null) {
      cloud.store.bucket(STORE).remove(key, 0);
    } else {
      void cloud.store.write({ bucket: STORE, key }, damaged, {
        ifAbsent: false,
        metadata: version?.head.metadata ?? {},
      });
    }
  }
  return keys.length;
};

describe.each([
  { what: 'a segment', match: /\.mseg$/u },
  { what: 'a manifest', match: /manifest-1\.json$/u },
])('$what that is damaged before verify', ({ match }) => {
  it.each(DAMAGES)('is never verified: $name', async ({ damage }) => {
    for (const isDelta of [false, true]) {
      const cloud = new Cloud();
      const first = weights(BYTES, 1);
      const bytes = nextStep(first, 9_000);
      if (isDelta) await cloud.process('checkpoints/run/step-1/model.bin', first);
      const before = new Set(cloud.storedKeys('v1/checkpoints/'));
      let damaged = 0;
      cloud.onWorker = (state) => {
        if (state === 'verify' && damaged === 0) {
          const own = cloud.storedKeys('v1/checkpoints/').find((key) => !before.has(key)) ?? '';
          const id = own.split('/')[2] ?? '';
          damaged = tamper(cloud, new RegExp(`${id}.*${match.source}`, 'u'), damage);
        }
      };
      const object = await cloud.process(KEY, bytes);
      expect(damaged).toBeGreaterThan(0);
      const row = await cloud.row(object);
      expect(row).toMatchObject({ state: 'QUARANTINED', verified: null });
      expect(row?.reason).not.toBe('');
      expect(cloud.original(object)?.equals(bytes)).toBe(true);
      expect(cloud.log.counted('VerifyMismatch')).toBe(1);
      expect(cloud.log.counted('CheckpointsQuarantined')).toBe(1);
      expect((await cloud.restore(object, 'restored/x')).kind).toBe('refused');
      expect(cloud.stored('restored/x')).toBeNull();
    }
  });

  it.each(DAMAGES)(
    'gives an error after it was verified, never other bytes: $name',
    async ({ damage }) => {
      const cloud = new Cloud();
      const object = await cloud.process(KEY, weights(BYTES, 1));
      expect(tamper(cloud, match, damage)).toBeGreaterThan(0);
      await expect(cloud.decode(object)).rejects.toThrow(/Corruption|ShortRead/u);
      expect((await cloud.restore(object, 'restored/x')).kind).toBe('refused');
      expect(cloud.stored('restored/x')).toBeNull();
    },
  );
});

describe('a base that is damaged', () => {
  it('is not built upon: the next step is a keyframe when its manifest is gone', async () => {
    const cloud = new Cloud();
    const first = weights(BYTES, 1);
    await cloud.process('checkpoints/run/step-1/model.bin', first);
    tamper(cloud, /manifest/u, () => null);
    const second = nextStep(first, 9_000);
    const object = await cloud.process(KEY, second);
    expect(await cloud.row(object)).toMatchObject({
      state: 'VERIFIED',
      verified: { depth: 0, base: null },
      reason: expect.stringContaining('damaged'),
    });
    expect((await cloud.decode(object)).equals(second)).toBe(true);
  });

  it('is found by verify, which decodes it from its compressed form', async () => {
    const cloud = new Cloud();
    const first = weights(BYTES, 1);
    await cloud.process('checkpoints/run/step-1/model.bin', first);
    tamper(cloud, /\.mseg$/u, (bytes) => flip(bytes, 100));
    const object = await cloud.process(KEY, nextStep(first, 9_000));
    expect((await cloud.row(object))?.state).toBe('QUARANTINED');
  });

  it('that was deleted as an original is decoded from its compressed form', async () => {
    const cloud = new Cloud();
    const first = weights(BYTES, 1);
    const one = await cloud.process('checkpoints/run/step-1/model.bin', first);
    cloud.store.bucket('source').removeVersion(one.key, one.versionId ?? '');
    const second = nextStep(first, 9_000);
    const two = await cloud.process(KEY, second);
    expect(await cloud.row(two)).toMatchObject({ state: 'VERIFIED', verified: { depth: 1 } });
    expect((await cloud.decode(two)).equals(second)).toBe(true);
  });
});

describe('wrong bytes from the codec', () => {
  it('are found by the checksum that S3 holds of the original', async () => {
    const cloud = new Cloud();
    const bytes = weights(BYTES, 1);
    const object = await cloud.upload(KEY, bytes);
    // The reader of Encode gets other bytes than S3 has: memory at fault, or a proxy between.
    const version = cloud.store.bucket('source').find(object);
    cloud.onWorker = (state) => {
      if (version !== null) version.bytes = state === 'encode' ? flip(bytes, 7) : bytes;
    };
    await cloud.deliver(object);
    await cloud.settle();
    expect(await cloud.row(object)).toMatchObject({
      state: 'QUARANTINED',
      reason: expect.stringContaining('crc32'),
    });
  });

  it('are found by reading the original again where S3 holds no checksum', async () => {
    const cloud = new Cloud({ hasChecksum: false });
    const bytes = weights(BYTES, 1);
    const object = await cloud.upload(KEY, bytes);
    const version = cloud.store.bucket('source').find(object);
    cloud.onWorker = (state) => {
      if (version !== null) version.bytes = state === 'encode' ? flip(bytes, 7) : bytes;
    };
    await cloud.deliver(object);
    await cloud.settle();
    expect(await cloud.row(object)).toMatchObject({
      state: 'QUARANTINED',
      reason: expect.stringContaining('differ from the original'),
    });
  });

  it('are found by verify when its decoder gives them', async () => {
    const cloud = new Cloud();
    cloud.codec = lyingCodec(cloud.codec);
    const object = await cloud.process(KEY, weights(BYTES, 1));
    expect(await cloud.row(object)).toMatchObject({
      state: 'QUARANTINED',
      reason: expect.stringContaining('differ after decoding'),
    });
  });

  it.each([1_000, 11 * 1024 * 1024])('never reach a restored object: %i bytes', async (size) => {
    const cloud = new Cloud({ settings: { segmentBytes: 1024 * 1024 } });
    const object = await cloud.process(KEY, weights(size, 1));
    expect((await cloud.row(object))?.state).toBe('VERIFIED');
    cloud.codec = lyingCodec(cloud.codec);
    expect((await cloud.restore(object, 'restored/x')).kind).toBe('refused');
    expect(cloud.stored('restored/x')).toBeNull();
    expect(cloud.store.openUploadCount()).toBe(0);
  });
});
