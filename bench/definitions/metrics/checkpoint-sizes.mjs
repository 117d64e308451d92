// Metrics of checkpoint compression that are sizes. metrics.mjs says what the fields mean.
import { bench, minOf, oneOf } from './shape.mjs';

const KINDS = ['fp32', 'bf16', 'fp16'];
const RATIO_MIN = 1.3;
const LAYOUT = { fp32: [32, 24], fp16: [16, 11], bf16: [16, 8] };

/** Why no lossless codec passes the bits that look random: arithmetic with the measured ratio. */
const ceiling = (kind, value) => {
  const [bits, random] = LAYOUT[kind];
  const stored = bits / value;
  return (
    `${stored.toFixed(1)} of ${bits} bits a weight are stored: ${random} of sign and mantissa, which ` +
    `look random in trained weights, and ${(stored - random).toFixed(1)} of the exponent. ` +
    `${RATIO_MIN}x would leave ${(bits / RATIO_MIN - random).toFixed(1)} bits for the exponent, less ` +
    'than its entropy: a limit of any lossless codec'
  );
};

const standalone = KINDS.map((kind) => ({
  id: `checkpoint-ratio-${kind}`,
  rank: 'primary',
  title: `Ratio alone, ${kind} weights, container included`,
  unit: 'x',
  better: 'higher',
  client: { min: RATIO_MIN, text: '1.3-1.5x' },
  goal: minOf({ fp32: 1.22, bf16: 1.504, fp16: 1.179 }[kind]),
  record: 'checkpoint',
  path: ['ratio', kind, 'ratio'],
  command: bench('checkpoint', 'ratio'),
  reason: (value) => ceiling(kind, value),
  chart: { id: 'checkpoint-ratio', title: 'Ratio alone', kind: 'ratio', series: kind },
  peers: (data) => [{ name: `zstd -3, ${kind}`, value: data.codec?.[kind]?.zstdRatio }],
}));

const changed = KINDS.map((kind) => ({
  id: `checkpoint-delta-${kind}`,
  rank: 'primary',
  title: `Ratio against the step before, 1% of ${kind} weights changed`,
  unit: 'x',
  better: 'higher',
  client: { min: 10, text: '10-20x' },
  goal: minOf({ fp32: 95, bf16: 125, fp16: 90 }[kind]),
  record: 'checkpoint',
  path: ['ratio', `${kind}-step2`, 'ratio'],
  command: bench('checkpoint', 'ratio'),
  chart: {
    id: 'checkpoint-delta',
    title: 'Ratio against the step before, 1% changed',
    kind: 'ratio',
    series: kind,
  },
}));

const codecDelta = {
  id: 'checkpoint-delta-codec',
  rank: 'primary',
  title: 'Delta codec alone: least ratio of fp32, bf16, fp16, 1% changed',
  unit: 'x',
  better: 'higher',
  client: { min: 39, text: '39-70x' },
  goal: minOf(90),
  record: 'checkpoint',
  read: (data) => lowest(KINDS.map((kind) => data.codec?.[`${kind}-step2`]?.ratio)),
  command: bench('checkpoint', 'codec'),
};

const lowest = (values) => (values.includes(undefined) ? undefined : Math.min(...values));

/** Goals by steps apart. */
const SERIES = [
  { run: 'minilm-full cast', title: 'fine-tuning, bf16 weights', goals: { 1: 85, 10: 15, 100: 9 } },
  {
    run: 'minilm-full weights',
    title: 'fine-tuning, fp32 weights',
    goals: { 1: 4, 10: 3.1, 100: 2.6 },
  },
  { run: 'minilm-last weights', title: 'last layer trained, fp32 weights', goals: { 1: 27 } },
  {
    run: 'gpt-fp32-1e-3 weights',
    title: 'training at 1e-3, fp32 weights',
    goals: { 1: undefined, 10: undefined, 100: undefined },
  },
];
const training = SERIES.flatMap(({ run, title, goals }) =>
  Object.entries(goals).map(([distance, goal]) => ({
    id: `checkpoint-series-${run.replaceAll(' ', '-')}-${distance}`,
    rank: 'secondary',
    title: `Ratio in ${title}, ${distance} step${distance === '1' ? '' : 's'} apart`,
    unit: 'x',
    better: 'higher',
    client: { min: 10, text: '10-20x with delta' },
    goal: oneOf(goal, minOf),
    record: 'checkpoint',
    read: (data) => ratioOfPair(data, `${run} +${distance}`, 'Mithril'),
    command: 'npm run bench -- checkpoint --only series',
    reason: (value, data) => bestPeer(value, data, `${run} +${distance}`),
    chart: {
      id: `checkpoint-series-${run.split(' ')[0]}`,
      title: `Ratio in real training, ${run.split(' ')[0]}`,
      kind: 'ratio',
      series: `${run.split(' ')[1]} +${distance}`,
    },
    peers: (data) => [
      {
        name: `XOR, planes, zstd -3: ${run.split(' ')[1]} +${distance}`,
        value: ratioOfPair(data, `${run} +${distance}`, 'XOR, planes, zstd -3'),
      },
    ],
  })),
);

const pairOf = (data, name) => data.series?.pairs?.find((pair) => pair.name === name);
const ratioOfPair = (data, name, tool) => {
  const pair = pairOf(data, name);
  return pair === undefined ? undefined : pair.bytes / pair.stored[tool];
};
const bestPeer = (value, data, name) => {
  const { bytes, stored } = pairOf(data, name);
  const peers = Object.entries(stored).filter(([tool]) => !tool.startsWith('Mithril'));
  const [tool, least] = peers.sort((a, b) => a[1] - b[1])[0];
  return (
    'AdamW moves every weight that has a gradient in every step, and the low bits of what moved have ' +
    `to be stored. Of the same bytes the best peer (${tool}) makes ${(bytes / least).toFixed(2)}x, ` +
    `Mithril ${value.toFixed(2)}x`
  );
};

const MODELS = [
  ['GPT-2', 'openai-community/gpt2'],
  ['Qwen3-0.6B', 'Qwen/Qwen3-0.6B'],
  ['TinyLlama', 'TinyLlama/TinyLlama-1.1B-Chat-v1.0'],
  ['ViT', 'google/vit-base-patch16-224'],
  ['DINOv2', 'facebook/dinov2-base'],
  ['MiniLM', 'sentence-transformers/all-MiniLM-L6-v2'],
  ['BGE', 'BAAI/bge-small-en-v1.5'],
  ['GTE', 'thenlper/gte-small'],
];
const models = MODELS.flatMap(([title, repository]) =>
  ['alone', 'delta'].map((way) => ({
    id: `checkpoint-model-${title}-${way}`,
    rank: 'primary',
    title: `Eight models: ${title}, ${way === 'alone' ? 'alone' : '1% changed'}`,
    unit: 'x',
    better: 'higher',
    client: way === 'alone' ? { min: 1.3, text: '1.3-1.5x' } : { min: 10, text: '10-20x' },
    record: 'checkpoint',
    read: (data) =>
      modelRatio(data.models?.[title]?.shards, way) ??
      (title === 'MiniLM' ? miniLm(data, way) : undefined),
    command: 'npm run bench -- checkpoint --only models --models DIR',
    open: `first: hf download ${repository} --include '*.safetensors' --local-dir DIR/${repository.split('/')[1]}`,
    reason: (value, data) => ceiling(kindOf(data.models?.[title]?.shards), value),
  })),
);

/** The weights of MiniLM are the fp32 input of every run. */
const miniLm = ({ ratio }, way) => ratio?.[way === 'alone' ? 'fp32' : 'fp32-step2']?.ratio;
const modelRatio = (shards, way) => {
  if (shards === undefined) return undefined;
  const sum = (field) => shards.reduce((total, shard) => total + shard[way][field], 0);
  return sum('bytesIn') / sum('bytesOut');
};
const kindOf = (shards) => {
  if (shards === undefined) return 'fp32';
  const dtypes = Object.keys(shards[0].dtypes);
  return dtypes.includes('BF16') ? 'bf16' : dtypes.includes('F16') ? 'fp16' : 'fp32';
};

const edges = [
  { name: 'tiny', title: '1,000 tensors under 1 KB', goal: 1 },
  { name: 'one-tensor', title: 'one tensor of 100 MB, fp32', goal: 1.2 },
  { name: 'zeros', title: '100 MB of zeros', goal: 28_000 },
  { name: 'random', title: '100 MB of random bits', goal: 1 / 1.001 },
  { name: 'identical-step', title: 'a step equal to its base', goal: 10_000 },
].map(({ name, title, goal }) => ({
  id: `checkpoint-edge-${name}`,
  rank: 'secondary',
  title: `Edge case: ratio of ${title}`,
  unit: 'x',
  better: 'higher',
  goal: minOf(goal),
  record: 'checkpoint',
  path: ['edges', name, 'ratio'],
  command: bench('checkpoint', 'edges'),
}));

const chain = {
  id: 'checkpoint-edge-chain',
  rank: 'secondary',
  title: 'Edge case: chain of 10 deltas, all 11 files (a full one whenever a chain is 8 deep)',
  unit: 'x',
  better: 'higher',
  goal: minOf(6),
  record: 'checkpoint',
  path: ['edges', 'chain', 'ratio'],
  command: bench('checkpoint', 'edges'),
};

export const checkpointSizes = [
  ...standalone,
  ...changed,
  codecDelta,
  ...models,
  ...training,
  ...edges,
  chain,
];
