import { describe, expect, it } from 'vitest';
import { Cloud, nextStep, weights } from './cloud.ts';
import { safetensors, tensor } from './safetensors.ts';

const DATA = weights(4_096, 5);
const F32 = (start: number, end: number): unknown => tensor('F32', [(end - start) / 4], start, end);

const HEADERS: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  { name: 'longer than the file', bytes: safetensors({}, DATA, 1_000_000n) },
  { name: 'over 100 MB', bytes: safetensors({}, DATA, 100_000_001n) },
  { name: 'of 2^64 - 1 bytes', bytes: safetensors({}, DATA, 0xffffffffffffffffn) },
  {
    name: 'with overlapping tensors',
    bytes: safetensors({ a: F32(0, 4_096), b: F32(0, 4) }, DATA),
  },
  { name: 'with a tensor out of range', bytes: safetensors({ a: F32(0, 8_192) }, DATA) },
  { name: 'with a hole', bytes: safetensors({ a: F32(0, 2_048) }, DATA) },
  { name: 'that is not JSON', bytes: safetensors('{"a":', DATA) },
  { name: 'that is an array', bytes: safetensors([], DATA) },
  {
    name: 'with a name twice',
    bytes: safetensors(
      `{"a":${JSON.stringify(F32(0, 4_096))},"a":${JSON.stringify(F32(0, 4_096))}}`,
      DATA,
    ),
  },
  {
    name: 'with offsets below zero',
    bytes: safetensors({ a: tensor('F32', [1], -4, 0) }, DATA),
  },
  { name: 'of no bytes', bytes: safetensors('', DATA) },
];

const KEYS: readonly string[] = [
  'checkpoints/../../etc/passwd',
  'checkpoints/%2e%2e%2fsecret',
  'checkpoints/..',
  'checkpoints/.',
  'checkpoints/',
  'checkpoints//',
  'checkpoints/new\nline/step-1/model.bin',
  'checkpoints/\u2028\u2029\u0085/step-1/model.bin',
  'checkpoints/nul\u0000/model.bin',
  'checkpoints/{"key":"value"}\\"',
  'checkpoints/+ +%20',
  'checkpoints/😀/ü.bin',
  `checkpoints/${'k'.repeat(1_012)}`,
  `checkpoints/${'😀'.repeat(253)}`,
  'checkpoints/step-999999999999999/x',
  'checkpoints/step-9999999999999999999999/x',
  `checkpoints/${'step-'.repeat(200)}`,
  'checkpoints/__proto__/step-1/constructor',
];

describe('hostile headers', () => {
  it.each(HEADERS)('are stored as opaque bytes with a reason: $name', async ({ bytes }) => {
    const cloud = new Cloud();
    const object = await cloud.process('checkpoints/step-1/m.safetensors', bytes);
    expect((await cloud.row(object))?.state).toBe('VERIFIED');
    expect((await cloud.decode(object)).equals(bytes)).toBe(true);
    const [planKey = ''] = cloud.storedKeys('v1/work/').filter((key) => key.endsWith('plan.json'));
    const plan: unknown = JSON.parse(cloud.stored(planKey)?.toString() ?? '');
    expect(plan).toMatchObject({
      container: { kind: 'opaque', reason: expect.stringMatching(/.{5,}/u) },
    });
  });

  it('do not spoil the next step: a good file after a bad one is verified', async () => {
    const cloud = new Cloud();
    const good = safetensors({ a: F32(0, 4_096) }, DATA);
    for (const [index, { bytes }] of HEADERS.entries()) {
      await cloud.process(`checkpoints/step-${2 * index}/m.safetensors`, bytes);
      const object = await cloud.process(`checkpoints/step-${2 * index + 1}/m.safetensors`, good);
      expect((await cloud.row(object))?.state).toBe('VERIFIED');
      expect((await cloud.decode(object)).equals(good)).toBe(true);
    }
  });
});

describe('hostile keys', () => {
  it.each(KEYS)('round-trip, and only the id names what we store: %j', async (key) => {
    const cloud = new Cloud();
    const bytes = weights(9_000, 2);
    const object = await cloud.process(key, bytes);
    expect(await cloud.row(object)).toMatchObject({ state: 'VERIFIED', object: { key } });
    expect((await cloud.decode(object)).equals(bytes)).toBe(true);
    const stored = cloud.storedKeys('');
    const odd = stored.filter(
      (name) => !/^v1\/(?:checkpoints|work)\/[0-9a-f]{64}\/[a-z0-9/.-]+$/u.test(name),
    );
    expect(odd).toEqual([]);
    const documents = stored.filter((name) => /\.jsonl?$/u.test(name));
    const isAscii = (byte: number): boolean => byte < 0x7f && (byte >= 0x20 || byte === 0x0a);
    expect(documents.filter((name) => cloud.stored(name)?.every(isAscii) !== true)).toEqual([]);
    expect(await cloud.deliver(object)).toMatchObject({ kind: 'already' });
    expect(await cloud.reconcileUntilQuiet()).toMatchObject({ verified: 1 });
  });

  it('restore to a hostile key as well', async () => {
    const cloud = new Cloud();
    const bytes = weights(9_000, 2);
    const object = await cloud.process('checkpoints/a', bytes);
    for (const key of KEYS) {
      expect(await cloud.restore(object, key)).toEqual({ kind: 'restored', bytes: 9_000 });
      expect(cloud.stored(key)?.equals(bytes)).toBe(true);
    }
  });
});

describe('metadata of an upload', () => {
  it('puts a checkpoint into its series where the key tells no step', async () => {
    const cloud = new Cloud();
    const first = weights(9_000, 2);
    const second = nextStep(first, 4_000);
    const run = { 'mithril-run': 'r' };
    await cloud.process('checkpoints/x1/m.bin', first, { ...run, 'mithril-step': '1' });
    const two = await cloud.process('checkpoints/x2/m.bin', second, {
      ...run,
      'mithril-step': '2',
    });
    expect(await cloud.row(two)).toMatchObject({ step: 2, verified: { depth: 1 } });
  });
});
