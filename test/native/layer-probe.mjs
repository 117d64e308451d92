// Run by lambda-opt.ts in any Node, as a function would run in Lambda: finds the layers through
// createRequire, encodes known inputs, checks that they come back, deduplicates known rows, and
// prints the digests of what came out as JSON. The first argument is test/golden.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dedup } from './dedup-probe.mjs';
import { golden } from './golden-probe.mjs';

// From where a function's code lies, which has no node_modules: only NODE_PATH can lead there.
const require = createRequire('/var/task/index.mjs');
const native = require('mithril-native');
const zstd = require('zstd-napi');
for (const name of ['mithril-native', 'mithril-dedup', 'zstd-napi']) {
  assert.match(require.resolve(name), /\/nodejs\/node_modules\//);
}

// ElementKind in native/codec/src/layout.rs.
const [PROBE, BYTE, FLOAT16, FLOAT32, FLOAT64] = [0, 1, 2, 3, 4];
const THREADS = 2;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** xorshift32: the same numbers everywhere. */
function randomSource(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

// A bell of four uniform numbers, in steps that double and float hold exactly: no logarithm or
// cosine, whose last bit may differ between processors.
function weights(count, seed) {
  const next = randomSource(seed);
  const uniform = () => (next() >>> 12) / 2 ** 20 - 0.5;
  return Float32Array.from(
    { length: count },
    () => (uniform() + uniform() + uniform() + uniform()) / 32,
  );
}

const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** The upper halves of the values: bf16 by truncation. */
function brainFloats(values) {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return bytesOf(Uint16Array.from(words, (word) => word >>> 16));
}

function oneInHundredChanged(bytes) {
  const changed = Buffer.from(bytes);
  const next = randomSource(99);
  for (let at = 0; at + 4 <= changed.length; at += 4) {
    if (next() % 100 === 0)
      changed.writeUInt32LE((changed.readUInt32LE(at) + (next() % 7)) >>> 0, at);
  }
  return changed;
}

function inputs() {
  const floats = bytesOf(weights(300_001, 1));
  const specials = bytesOf(Float32Array.of(NaN, -0, 0, Infinity, -Infinity, 1e-45, 3.4e38));
  const text = Buffer.from('{"step":1,"loss":0.25,"name":"layer.weight"}\n'.repeat(2_000));
  const noise = bytesOf(Uint32Array.from({ length: 50_000 }, randomSource(7)));
  return {
    empty: { raw: Buffer.alloc(0), kind: BYTE },
    one: { raw: Buffer.of(42), kind: PROBE },
    zeros: { raw: Buffer.alloc(1_000_003), kind: PROBE },
    float32: { raw: floats, kind: FLOAT32 },
    float32OddTail: { raw: floats.subarray(0, 400_003), kind: FLOAT32 },
    float32Delta: { raw: oneInHundredChanged(floats), kind: FLOAT32, base: floats },
    bfloat16: { raw: brainFloats(weights(300_001, 2)), kind: FLOAT16 },
    float64: { raw: bytesOf(Float64Array.from(weights(70_000, 3))), kind: FLOAT64 },
    opaqueFloats: { raw: floats.subarray(2), kind: PROBE },
    specials: { raw: specials, kind: FLOAT32 },
    text: { raw: text, kind: BYTE },
    noise: { raw: noise, kind: PROBE },
  };
}

function throughZstd({ raw }) {
  const stored = zstd.compress(raw);
  assert.deepEqual(zstd.decompress(stored), raw);
  return sha256(stored);
}

async function throughCodec({ raw, kind, base }) {
  const regions = Float64Array.of(0, raw.length, kind, base ? 0 : -1);
  const whole = raw.length > 0 ? regions : new Float64Array(0);
  const baseBytes = baseOf(base, native.baseRanges(whole, 0, raw.length));
  const request = { raw, rawOffset: 0, regions: whole, level: 'default', threads: THREADS };
  const { stored, sha256: claimed } = await native.encodeSegment({ ...request, ...baseBytes });
  assert.equal(sha256(stored), claimed);
  assert.deepEqual(await decode(stored, base), raw);
  return claimed;
}

async function decode(stored, base) {
  const { kind, index } = native.readIndex(stored, stored.length);
  assert.equal(kind, 'index');
  const parts = [];
  for (let at = 0; at < index.rawLength; ) {
    const window = index.window(at, index.rawLength, 1 << 20);
    const { offset, length } = window.stored;
    const payload = stored.subarray(offset, offset + length);
    const needed = baseOf(base, window.baseRanges).base;
    parts.push(await index.decodeWindow(window.raw, payload, needed, THREADS));
    at = window.raw.offset + window.raw.length;
  }
  return Buffer.concat(parts);
}

function baseOf(base, ranges) {
  if (!base) return { base: null };
  const parts = ranges.map(({ offset, length }) => base.subarray(offset, offset + length));
  return { base: { ranges, bytes: Buffer.concat(parts) } };
}

const result = { node: process.version, arch: process.arch, zstd: {}, codec: {}, golden: {} };
for (const [name, input] of Object.entries(inputs())) {
  result.zstd[name] = throughZstd(input);
  result.codec[name] = await throughCodec(input);
}
result.golden = await golden(native, process.argv[2]);
result.dedup = await dedup(require('mithril-dedup'), randomSource(11), sha256);
process.stdout.write(`${JSON.stringify(result)}\n`);
