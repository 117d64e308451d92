// Inputs of the gate: made by integer arithmetic, so that they are the same bytes everywhere.
import fs from 'node:fs';
import path from 'node:path';

const SEED = 20_261_125;
const UNIFORMS = 12; // their sum is nearly normal
const SCALE = 0.02;
const CHANGED_SHARE = 0.01;
const WORDS = 3000;
const WORDS_A_ROW = 40;
const COPY_EVERY = 10;

/** Pseudo-random integers of 32 bits (xorshift32). */
function random() {
  let state = SEED;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Weights of `count` values as safetensors: fp32, bf16 (cut off), and bf16 of which 1% is one step
 * away. Returns { fp32, bf16, 'bf16-step2' }, the paths.
 */
export function makeWeights(folder, count) {
  const next = random();
  const weights = Float32Array.from({ length: count }, () => {
    let sum = 0;
    for (let one = 0; one < UNIFORMS; one++) sum += next() / 2 ** 32;
    return (sum - UNIFORMS / 2) * SCALE;
  });
  const bits = new Uint32Array(weights.buffer);
  const half = Uint16Array.from(bits, (value) => value >>> 16);
  const step = Uint16Array.from(half, (value) =>
    next() < CHANGED_SHARE * 2 ** 32 ? value ^ 1 : value,
  );
  const write = (name, dtype, array) => {
    const file = path.join(folder, `${name}.safetensors`);
    const data = Buffer.from(array.buffer);
    const tensor = { dtype, shape: [count], data_offsets: [0, data.length] };
    const header = Buffer.from(JSON.stringify({ weight: tensor }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    fs.writeFileSync(file, Buffer.concat([length, header, data]));
    return file;
  };
  return {
    fp32: write('fp32', 'F32', weights),
    bf16: write('bf16', 'BF16', half),
    'bf16-step2': write('bf16-step2', 'BF16', step),
  };
}

/** JSON lines of `rows` texts, each tenth an earlier one with another last word. */
export function makeTexts(folder, rows) {
  const next = random();
  const texts = [];
  for (let row = 0; row < rows; row++) {
    const words = Array.from({ length: WORDS_A_ROW }, () => `w${next() % WORDS}`);
    const isCopy = row % COPY_EVERY === COPY_EVERY - 1;
    texts.push(isCopy ? texts.at(-3).replace(/\S+$/, 'changed') : words.join(' '));
  }
  const file = path.join(folder, `texts-${rows}.jsonl`);
  fs.writeFileSync(file, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return file;
}
