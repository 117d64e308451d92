// The originals of the golden files, made from fixed seeds. A case is never changed or removed once
// its file is listed in v1/MANIFEST.json: add another one.
import { readFileSync } from 'node:fs';

/** xorshift32: the same numbers on every machine. */
function randomFrom(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const noise = (seed, bytes) => {
  const random = randomFrom(seed);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random() >>> 11));
};

/** Numbers spread as weights are: a sum of uniform ones. */
function weights(seed, count, scale = 0.02) {
  const random = randomFrom(seed);
  const uniform = () => random() / 2 ** 31 - 1;
  return Float64Array.from({ length: count }, () => scale * (uniform() + uniform() + uniform()));
}

const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const f64 = (values) => bytesOf(Float64Array.from(values));
const f32 = (values) => bytesOf(Float32Array.from(values));
const i64 = (count, step) =>
  bytesOf(BigInt64Array.from({ length: count }, (_, n) => BigInt(n) * step));
const i32 = (count, step) => bytesOf(Int32Array.from({ length: count }, (_, n) => n * step));

/** The upper half of each fp32: bf16 by truncation. */
function bf16(values) {
  const single = f32(values);
  return bytesOf(
    Uint16Array.from({ length: values.length }, (_, n) => single.readUInt16LE(n * 4 + 2)),
  );
}

/** fp16 of small normal numbers, by truncation. */
function f16(values) {
  const single = f32(values);
  return bytesOf(
    Uint16Array.from({ length: values.length }, (_, n) => {
      const bits = single.readUInt32LE(n * 4);
      const exponent = Math.max(((bits >>> 23) & 255) - 112, 0);
      return (bits >>> 31) * 0x8000 + exponent * 1024 + ((bits >>> 13) & 1023);
    }),
  );
}

const BITS = { F4: 4, F6_E2M3: 6, F6_E3M2: 6, F64: 64, I64: 64, U64: 64, C64: 64 };
for (const name of ['F32', 'I32', 'U32']) BITS[name] = 32;
for (const name of ['F16', 'BF16', 'I16', 'U16']) BITS[name] = 16;

/** A safetensors file of [name, dtype, bytes], in this order. */
function safetensors(tensors, pad = 0) {
  let end = 0;
  const header = {};
  for (const [name, dtype, data] of tensors) {
    const start = end;
    end += data.length;
    const shape = [(data.length * 8) / (BITS[dtype] ?? 8)];
    header[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header) + ' '.repeat(pad));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(([, , data]) => data)]);
}

/** NaNs with payloads, signalling and negative, both zeros, infinities, the least subnormal. */
const singles = bytesOf(
  Uint32Array.of(0x7fc00001, 0x7f800001, 0xffc12345, 0x80000000, 0, 0x7f800000, 0xff800000, 1),
);
const doubles = bytesOf(
  BigUint64Array.of(0x7ff8000000000001n, 0x7ff0000000000001n, 1n << 63n, 0n, 0xfff0n << 48n, 1n),
);
const halves = bytesOf(Uint16Array.of(0x7e01, 0x7c01, 0xfe55, 0x8000, 0, 0x7c00, 0xfc00, 1));

function everyDtype() {
  const bytes = ['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0', 'F4', 'F6_E2M3', 'F6_E3M2'];
  return [
    ...bytes.map((dtype, n) => [
      dtype.toLowerCase(),
      dtype,
      dtype === 'BOOL' ? noise(n, 300).map((byte) => byte & 1) : noise(n, 300),
    ]),
    ['i16', 'I16', bytesOf(Int16Array.from({ length: 300 }, (_, n) => n * 37))],
    ['u16', 'U16', noise(21, 600)],
    ['f16', 'F16', Buffer.concat([halves, f16(weights(22, 700))])],
    ['bf16', 'BF16', Buffer.concat([halves, bf16(weights(23, 700))])],
    ['i32', 'I32', i32(300, 100_003)],
    ['u32', 'U32', noise(24, 1200)],
    ['f32', 'F32', Buffer.concat([singles, f32(weights(25, 700))])],
    ['c64', 'C64', f32(weights(26, 600))],
    ['i64', 'I64', i64(300, 1_000_003n)],
    ['u64', 'U64', noise(27, 2400)],
    ['f64', 'F64', Buffer.concat([doubles, f64(weights(28, 500))])],
    ['empty', 'F32', Buffer.alloc(0)],
    ['unknown', 'X13_NEW', noise(29, 77)],
  ];
}

const OLD = {
  w: weights(1, 6000),
  h: weights(2, 6000),
  d: weights(3, 1500),
  mask: noise(4, 2000),
};

/** A step of training: w in fp32, h in bf16 and fp16, d in fp64, counters and a mask. */
const step = ({ w, h, d, mask }, counter = 1n) =>
  safetensors([
    ['w', 'F32', f32(w)],
    ['h', 'BF16', bf16(h)],
    ['g', 'F16', f16(h)],
    ['d', 'F64', f64(d)],
    ['n', 'I64', i64(1500, counter)],
    ['m', 'U8', mask],
  ]);

const every = (values, stride, change) =>
  values.map((value, n) => (n % stride === 0 ? change(value, n) : value));
const nudge = (values, by) => values.map((value, n) => value * (1 + by * Math.cos(n * 7)));

/** Weights after a step that moves all of them by about as much. */
function trained(by) {
  const moved = (seed, count) => weights(seed, count).map((value, n) => value + by(n));
  return safetensors([
    ['b', 'BF16', bf16(moved(31, 40_000))],
    ['f', 'F32', f32(moved(32, 20_000))],
    ['g', 'F16', f16(moved(33, 20_000))],
  ]);
}

const SPARSE = {
  ...OLD,
  w: every(OLD.w, 97, (v) => v * 1.01),
  h: every(OLD.h, 97, (v) => v * 1.02),
  d: every(OLD.d, 97, (v) => v * 1.01),
};
const DENSE = {
  ...OLD,
  w: nudge(OLD.w, 1e-5),
  h: nudge(OLD.h, 0.01),
  d: nudge(OLD.d, 1e-9),
};
const NEXT = { ...DENSE, w: every(DENSE.w, 53, (v) => -v) };

/** Bits flip without carrying, as in a field of flags: exclusive-or beats subtraction. */
const FLAGS = noise(60, 24_000);
const FLIPPED = Buffer.from(FLAGS).map((byte, n) => (n % 4 === 3 ? byte ^ 0x80 : byte ^ (n % 3 === 0 ? 0x10 : 0)));
const flags = (data) => safetensors([['flags', 'U32', data]]);

/** Counters and codes of every width, changed alike. */
function integers(change) {
  const drawn = (seed, bits) => change([...noise(seed, 3000)].map((byte) => (byte << bits) - 7));
  return safetensors([
    ['b', 'U8', bytesOf(Uint8Array.from(drawn(61, 0)))],
    ['s', 'I16', bytesOf(Int16Array.from(drawn(62, 6)))],
    ['i', 'I32', bytesOf(Int32Array.from(drawn(63, 20)))],
    ['l', 'I64', bytesOf(BigInt64Array.from(drawn(64, 22).map((value) => BigInt(value) << 20n)))],
  ]);
}

/** What PyTorch wrote: see inputs/make.py. */
const pytorch = (name) => readFileSync(new URL(`inputs/${name}`, import.meta.url));

const TEXT = Array.from(
  { length: 120 },
  (_, n) => `${n}: the quick brown fox jumps over ${n * n} lazy dogs.\n`,
).join('');

/** name -> { make, base?, segmentBytes?, sha256? }; a base is the name of an earlier case. */
export const CASES = {
  empty: { make: () => Buffer.alloc(0) },
  'one-byte': { make: () => Buffer.of(0x4d) },
  text: { make: () => Buffer.from(TEXT), sha256: true },
  noise: { make: () => noise(50, 5003) },
  zeros: { make: () => Buffer.alloc(70_001) },
  'every-dtype': { make: () => safetensors(everyDtype()) },
  'every-dtype-in-segments': { make: () => safetensors(everyDtype(), 3), segmentBytes: 1001 },
  'duplicate-names': {
    make: () => {
      const sound = safetensors([
        ['aa', 'U8', noise(51, 300)],
        ['bb', 'U8', noise(52, 300)],
      ]);
      return Buffer.from(sound.toString('latin1').replace('bb', 'aa'), 'latin1');
    },
  },
  'opaque-fp32': { make: () => f32(weights(53, 4000)) },
  'opaque-i64': { make: () => Buffer.concat([i64(3000, 12_345n), Buffer.from('odd')]) },
  step1: { make: () => step(OLD) },
  'step2-identical': { make: () => step(OLD), base: 'step1' },
  'step2-sparse': { make: () => step(SPARSE, 2n), base: 'step1' },
  'step2-dense': { make: () => step(DENSE, 3n), base: 'step1', segmentBytes: 20_001 },
  'step3-on-step2': { make: () => step(NEXT, 3n), base: 'step2-dense' },
  'weights-step1': { make: () => trained(() => 0) },
  'weights-step2': {
    make: () => trained((n) => (n % 3 === 0 ? 2e-5 : -2e-5)),
    base: 'weights-step1',
  },
  'step2-moved': {
    make: () =>
      safetensors([
        ['new', 'F32', f32(weights(54, 500))],
        ['m', 'U8', OLD.mask],
        ['d', 'F64', f64(SPARSE.d)],
        ['w', 'F32', f32(DENSE.w)],
        ['h', 'BF16', bf16(OLD.h)],
      ]),
    base: 'step1',
  },
  'integers-step1': { make: () => integers((values) => values) },
  'integers-step2': {
    make: () => integers((values) => values.map((value, n) => value + ((n * n) % 3))),
    base: 'integers-step1',
  },
  'integers-step2-sparse': {
    make: () => integers((values) => values.map((value, n) => (n % 61 === 5 ? value + n : value))),
    base: 'integers-step1',
  },
  'flags-step1': { make: () => flags(FLAGS) },
  'flags-step2': { make: () => flags(FLIPPED), base: 'flags-step1' },
  'torch-step1': { make: () => pytorch('torch-step1.pt') },
  'torch-step2': { make: () => pytorch('torch-step2.pt'), base: 'torch-step1' },
  dcp: { make: () => pytorch('dcp.distcp') },
};
