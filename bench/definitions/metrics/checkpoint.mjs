// Metrics of checkpoint compression. metrics.mjs says what the fields mean.
import { checkpointSizes } from './checkpoint-sizes.mjs';
import { bench, maxOf, minOf, oneOf } from './shape.mjs';

const GIB = 2 ** 30;
const MEMORY_INPUT_BYTES = 2 * GIB; // makeBigFile of bench/runners/checkpoint/inputs.mjs
const KINDS = ['fp32', 'bf16', 'fp16'];
const SIXTEEN = 'the client asks it of 16 cores; on such a machine: npm run bench -- checkpoint';

const speeds = ['compress', 'decompress'].flatMap((step) =>
  KINDS.map((kind) => ({
    id: `checkpoint-${step}-${kind}`,
    rank: 'primary',
    title: `${step === 'compress' ? 'Compress' : 'Decompress'} ${kind}, one thread`,
    unit: 'GiB/s',
    better: 'higher',
    client:
      step === 'compress'
        ? { min: 2.5, text: 'at least 2.5 GiB/s (16 cores)' }
        : { min: 3.5, text: 'at least 3.5 GiB/s (16 cores)' },
    goal:
      kind === 'fp16'
        ? undefined
        : minOf(
            { compress: { fp32: 2.5, bf16: 2 }, decompress: { fp32: 4, bf16: 3.5 } }[step][kind],
          ),
    record: 'checkpoint',
    path: ['codec', kind, step, 'gibPerSecondWall'],
    command: bench('checkpoint', 'codec'),
    elsewhere: SIXTEEN,
    chart: {
      id: `checkpoint-${step}`,
      title: `${step === 'compress' ? 'Compress' : 'Decompress'}, one thread`,
      kind: 'throughput',
      series: kind,
    },
    peers: (data) => speedPeers(data, step, kind),
  })),
);

const speedPeers = (data, step, kind) => {
  const zstd = data.codec?.[kind]?.[step === 'compress' ? 'zstdCompress' : 'zstdDecompress'];
  const tools = Object.entries(data.peers?.inputs?.[kind]?.tools ?? {});
  return [
    { name: `zstd -3, ${kind}`, value: zstd?.gibPerSecondWall },
    ...tools
      .filter(([name]) => !name.startsWith('Mithril'))
      .map(([name, found]) => ({ name: `${name}, ${kind}`, value: found[step]?.gibPerSecond })),
  ];
};

const sixteenCores = ['compress', 'decompress'].map((step) => ({
  id: `checkpoint-${step}-16-cores`,
  rank: 'primary',
  title: `${step === 'compress' ? 'Compress' : 'Decompress'} fp32 on 16 threads`,
  unit: 'GiB/s',
  better: 'higher',
  client: { min: step === 'compress' ? 2.5 : 3.5 },
  record: 'checkpoint',
  path: ['threads', 'fp32', '16', step, 'gibPerSecond'],
  command: bench('checkpoint', 'threads'),
  open: 'needs a machine with 16 cores; the rows of one thread are the lower bound',
}));

const scaling = {
  id: 'checkpoint-two-threads',
  rank: 'secondary',
  title: 'Two threads against one, compress fp32, wall time',
  unit: 'x',
  better: 'higher',
  goal: minOf(1.8),
  record: 'checkpoint',
  read: ({ threads }) =>
    threads && threads.fp32[2].compress.gibPerSecond / threads.fp32[1].compress.gibPerSecond,
  command: bench('checkpoint', 'threads'),
  reason: (value) =>
    `wall time gained ${value.toFixed(2)}x: what the second thread makes is copied to its place, and the threads ` +
    `wait for each other at the end of every segment of 16 MiB. On idle cores: ${bench('checkpoint', 'threads')}`,
};

const memory = ['compress', 'decompress'].map((step) => ({
  id: `checkpoint-memory-${step}`,
  rank: 'primary',
  title: `Peak memory to ${step} 2 GiB, two threads, by the size of the file`,
  unit: 'x',
  better: 'lower',
  client: maxOf(2),
  goal: maxOf(0.1),
  record: 'checkpoint',
  read: (data) => {
    const peak = data.memory?.[2]?.[step]?.peakBytes;
    if (peak !== undefined) return peak / MEMORY_INPUT_BYTES;
    const before = data.command?.[`${step}2GiB`]?.peakMiB;
    return before === undefined ? undefined : (before * 2 ** 20) / MEMORY_INPUT_BYTES;
  },
  command: bench('checkpoint', 'memory'),
  chart: {
    id: 'checkpoint-memory',
    title: 'Peak memory by the size of the file (2 GiB)',
    kind: 'memory',
    series: step,
  },
}));

const exact = {
  id: 'checkpoint-exact',
  rank: 'primary',
  title: 'Bit-exact: inputs of the run that came back equal',
  unit: 'share',
  better: 'higher',
  client: minOf(1),
  goal: minOf(1),
  record: 'checkpoint',
  // roundTrip throws where a byte differs, and then there is no record.
  read: ({ ratio }) => ratio && (Object.keys(ratio).length > 0 ? 1 : undefined),
  command: bench('checkpoint', 'ratio'),
};

const others = [
  {
    id: 'checkpoint-overhead-cpu',
    rank: 'primary',
    title: 'Integration: training that saves compressed against plain saving, CPU time added',
    unit: 'share',
    better: 'lower',
    client: maxOf(0.05),
    goal: maxOf(0.05),
    record: 'training-overhead',
    read: (data) => oneOf(data.ratios?.cpu?.['compressed/plain']?.median, (value) => value - 1),
    command: 'python bench/definitions/training_overhead.py',
  },
  {
    id: 'checkpoint-overhead-wall',
    rank: 'secondary',
    title: 'The same, wall time added',
    unit: 'share',
    better: 'lower',
    client: maxOf(0.05),
    goal: maxOf(0.05),
    record: 'training-overhead',
    read: (data) => oneOf(data.ratios?.wall?.['compressed/plain']?.median, (value) => value - 1),
    command: 'python bench/definitions/training_overhead.py',
  },
  {
    id: 'checkpoint-cold-start',
    rank: 'primary',
    title: 'Cold start: load of the native module',
    unit: 'ms',
    better: 'lower',
    client: maxOf(100),
    goal: maxOf(10),
    record: 'checkpoint',
    read: (data) => data.startup?.nativeLoadMs ?? data.command?.nativeLoadMs,
    command: bench('checkpoint', 'startup'),
    chart: {
      id: 'checkpoint-start',
      title: 'Cold start',
      kind: 'latency',
      series: 'native module',
    },
  },
  {
    id: 'checkpoint-cold-start-command',
    rank: 'secondary',
    title: 'Cold start of the whole command (--help, wall)',
    unit: 'ms',
    better: 'lower',
    client: maxOf(100),
    record: 'checkpoint',
    read: (data) => data.startup?.helpWallMs ?? data.command?.helpWallMs,
    command: bench('checkpoint', 'startup'),
    chart: {
      id: 'checkpoint-start',
      title: 'Cold start',
      kind: 'latency',
      series: 'mithril --help',
    },
  },
  {
    id: 'checkpoint-pipeline',
    rank: 'secondary',
    title: 'Upload to VERIFIED on the local stack, 91 MB, first step',
    unit: 's',
    better: 'lower',
    record: 'checkpoint',
    read: (data) => data.pipeline?.steps?.[0]?.seconds,
    command: bench('checkpoint', 'pipeline'),
    chart: {
      id: 'checkpoint-pipeline',
      title: 'Upload to VERIFIED, local stack',
      kind: 'latency',
      series: '91 MB',
    },
  },
];

const KERNELS = ['fp32', 'bf16', 'bf16-delta'].flatMap((kind) => [
  `compress-${kind}`,
  `decompress-${kind}`,
]);
const instructions = KERNELS.map((kernel) => ({
  id: `checkpoint-instructions-${kernel}`,
  rank: 'secondary',
  title: `Instructions for each byte, ${kernel}`,
  unit: 'number',
  better: 'lower',
  record: 'gate',
  read: (data) => data.figures?.[`codec ${kernel}`]?.value,
  command: 'npm run bench:gate -- --record',
  chart: {
    id: 'checkpoint-instructions',
    title: 'Instructions for each byte (valgrind, AVX2 path)',
    kind: 'throughput',
    series: kernel,
  },
}));

const graviton = {
  id: 'checkpoint-compress-graviton',
  rank: 'secondary',
  title: 'Compress fp32 on Graviton (arm64), one thread',
  unit: 'GiB/s',
  better: 'higher',
  client: undefined,
  record: 'checkpoint',
  read: (data) =>
    data.machine?.arch === 'arm64' ? data.codec?.fp32?.compress?.gibPerSecondWall : undefined,
  command: bench('checkpoint', 'codec'),
  open: 'runs on the arm64 runner of .github/workflows/metrics.yml, or on a Graviton machine',
};

export const checkpoint = [
  ...checkpointSizes,
  ...speeds,
  ...sixteenCores,
  ...memory,
  exact,
  ...others,
  scaling,
  ...instructions,
  graviton,
];
