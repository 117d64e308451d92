import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../shared/app/checkpoint/open-checkpoint.ts';
import { listCheckpointTensors, openTensor } from '../../shared/app/checkpoint/open-tensor.ts';
import { checkpointIdOf } from '../../shared/domain/checkpoint/identity.ts';
import { Cloud, nextStep, STORE, weights } from './cloud.ts';
import { FAULTS, Injector } from './injector.ts';
import { safetensors, tensor } from './safetensors.ts';

const MIB = 1024 * 1024;
const KEY = 'checkpoints/run/step-1/model.bin';
const TARGET = 'restored/model.bin';

describe('restore', () => {
  it('writes large originals in parts', async () => {
    const cloud = new Cloud({ settings: { segmentBytes: MIB } });
    const bytes = weights(11 * MIB + 5, 1);
    const object = await cloud.process(KEY, bytes);
    expect(await cloud.restore(object, TARGET)).toEqual({ kind: 'restored', bytes: bytes.length });
    expect(cloud.stored(TARGET)?.equals(bytes)).toBe(true);
    expect(cloud.store.openUploadCount()).toBe(0);
    // Again: the target is there, with the same bytes.
    expect(await cloud.restore(object, TARGET)).toEqual({ kind: 'restored', bytes: bytes.length });
  });

  it.each([1_000, 11 * MIB])(
    'never overwrites other bytes at the target: %i bytes',
    async (size) => {
      const cloud = new Cloud({ settings: { segmentBytes: MIB } });
      const object = await cloud.process(KEY, weights(size, 1));
      const other = weights(size, 2);
      await cloud.store.write({ bucket: STORE, key: TARGET }, other, { ifAbsent: true });
      expect((await cloud.restore(object, TARGET)).kind).toBe('refused');
      cloud.store.bucket(STORE).remove(TARGET, 0);
      // Written by another while the parts are decoded.
      cloud.onWorker = (state) => {
        if (state === 'restore-finish' || (state === 'restore-part' && size < MIB)) {
          void cloud.store.write({ bucket: STORE, key: TARGET }, other, { ifAbsent: true });
        }
      };
      expect((await cloud.restore(object, TARGET)).kind).toBe('refused');
      expect(cloud.stored(TARGET)?.equals(other)).toBe(true);
      expect(cloud.store.openUploadCount()).toBe(0);
    },
  );

  it('can be done again after the restored object was deleted', async () => {
    const cloud = new Cloud();
    const bytes = weights(1_000, 1);
    const object = await cloud.process(KEY, bytes);
    for (let times = 0; times < 3; times += 1) {
      expect((await cloud.restore(object, TARGET)).kind).toBe('restored');
      expect(cloud.stored(TARGET)?.equals(bytes)).toBe(true);
      cloud.store.bucket(STORE).remove(TARGET, 0);
    }
  });

  it('refuses what is not verified, and our own keys as a target', async () => {
    const cloud = new Cloud();
    const object = await cloud.upload(KEY, weights(1_000, 1));
    expect((await cloud.restore(object, TARGET)).kind).toBe('refused');
    await cloud.deliver(object);
    await cloud.settle();
    expect((await cloud.restore(object, 'v1/checkpoints/x')).kind).toBe('refused');
    expect((await cloud.restore(object, 'v1/work/x')).kind).toBe('refused');
  });

  it.each(FAULTS)('in parts loses nothing when each call fails once: %s', async (fault) => {
    const bytes = nextStep(Buffer.alloc(6 * MIB), 100_000);
    const source = new Cloud({ settings: { segmentBytes: MIB, batchSegments: 16 } });
    const object = await source.process(KEY, bytes);
    for (let target = 1; target <= 200; target += 1) {
      const injector = new Injector(fault, target);
      const key = `restored/${target}`;
      source.injector = injector;
      const output = await untilRestored(source, object, key);
      source.injector = null;
      expect([output, source.stored(key)?.equals(bytes)]).toEqual(['restored', true]);
      source.store.bucket(STORE).remove(key, 0);
      if (injector.hit === null) return;
    }
    throw new Error('a restore has more than 200 calls');
  });
});

const untilRestored = async (
  cloud: Cloud,
  object: Parameters<Cloud['restore']>[0],
  key: string,
): Promise<string> => {
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      const output = await cloud.restore(object, key);
      await cloud.settle();
      if (output.kind === 'restored') return output.kind;
    } catch {
      // A person runs the restore again.
    }
  }
  return 'not restored';
};

describe('one tensor', () => {
  it('is read by its name, through a chain of deltas', async () => {
    const cloud = new Cloud();
    const data = weights(40_000, 1);
    const header = {
      'layer.0': tensor('F32', [5_000], 0, 20_000),
      'layer.1': tensor('BF16', [10_000], 20_000, 40_000),
      empty: tensor('F32', [0], 40_000, 40_000),
    };
    await cloud.process('checkpoints/step-1/m.safetensors', safetensors(header, data));
    const changed = nextStep(data, 9_000);
    const object = await cloud.process(
      'checkpoints/step-2/m.safetensors',
      safetensors(header, changed),
    );
    const row = await cloud.row(object);
    if (row === null || row.verified === null) throw new Error('expected a verified row');
    expect(row.verified.depth).toBe(1);
    const context = cloud.plainContext();
    const checkpoint = await openCheckpoint(context, row.verified);
    expect((await listCheckpointTensors(context, checkpoint)).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['layer.0', 'layer.1', 'empty']),
    );
    const found = await openTensor(context, checkpoint, 'layer.1');
    if (found.kind !== 'found') throw new Error('expected the tensor');
    const chunks: Buffer[] = [];
    for await (const chunk of found.chunks) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(changed.subarray(20_000))).toBe(true);
    expect(await openTensor(context, checkpoint, 'none')).toEqual({ kind: 'absent' });
  });
});

describe('chains', () => {
  it('are cut by a keyframe at the depth limit, and every member decodes', async () => {
    const cloud = new Cloud();
    let bytes = weights(20_000, 1);
    const depths: (number | undefined)[] = [];
    for (let step = 1; step <= 11; step += 1) {
      const object = await cloud.process(`checkpoints/step-${step}/m.bin`, bytes);
      depths.push((await cloud.row(object))?.verified?.depth);
      expect((await cloud.decode(object)).equals(bytes)).toBe(true);
      bytes = nextStep(bytes, 9_000);
    }
    expect(depths).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1]);
  });

  it('are cut where a restore would read too much, and where nothing is gained', async () => {
    const cloud = new Cloud();
    const one = await cloud.process('checkpoints/step-1/m.bin', weights(20_000, 1));
    const two = await cloud.process('checkpoints/step-2/m.bin', weights(20_000, 2));
    expect((await cloud.row(one))?.verified?.depth).toBe(0);
    expect(await cloud.row(two)).toMatchObject({
      verified: { depth: 0 },
      reason: expect.stringContaining('would save'),
    });
    const three = await cloud.process('checkpoints/step-3/m.bin', weights(20_004, 2));
    expect((await cloud.row(three))?.reason).toContain('same names, types and sizes');
  });

  it('that are forged to go round end in an error', async () => {
    const cloud = new Cloud();
    const object = await cloud.process(KEY, weights(1_000, 1));
    const row = await cloud.row(object);
    if (row === null || row.verified === null) throw new Error('expected a verified row');
    const { manifestKey, manifestSha256 } = row.verified;
    const context = cloud.plainContext();
    // Every manifest says that it is its own base, one level below.
    const looping = {
      ...context,
      codec: {
        ...context.codec,
        readManifest: (bytes: Buffer) => ({
          ...context.codec.readManifest(bytes),
          depth: 3,
          base: { manifest: manifestSha256, bytes: 1_000, crc32: '', crc64nvme: '', depth: 2 },
        }),
      },
    };
    const version = cloud.store.bucket(STORE).current(manifestKey);
    if (version === null) throw new Error('expected a manifest');
    await cloud.store.write({ bucket: STORE, key: manifestKey }, version.bytes, {
      ifAbsent: false,
      metadata: { 'mithril-base-manifest': manifestKey },
    });
    await expect(openCheckpoint(looping, { manifestKey, manifestSha256 })).rejects.toMatchObject({
      code: 'Corruption',
    });
    expect(checkpointIdOf(object)).toHaveLength(64);
  });
});
