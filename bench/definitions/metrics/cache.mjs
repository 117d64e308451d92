// Metrics of the compile cache. metrics.mjs says what the fields mean.
import { bench, maxOf, minOf } from './shape.mjs';

const primary = [
  {
    id: 'cache-cold-start',
    title: 'Cold start on a hit: import torch to compiled model',
    unit: 's',
    client: maxOf(1),
    read: (data) => data.torch?.hit?.totalSeconds,
    command: bench('cache', 'torch'),
    reason: (value, { torch }) =>
      `import torch alone takes ${torch.hit.importSeconds.toFixed(2)} s here, which no cache can shorten: ` +
      `${value.toFixed(2)} - ${torch.hit.importSeconds.toFixed(2)} = ` +
      `${(value - torch.hit.importSeconds).toFixed(2)} s is what remains`,
    chart: { id: 'cache-start', title: 'Cold start on a hit', kind: 'latency', series: 'whole' },
  },
  {
    id: 'cache-cold-start-after-import',
    title: 'Compiled call on a hit, after the imports',
    unit: 's',
    client: maxOf(1),
    goal: maxOf(1),
    read: (data) => data.torch?.hit?.callSeconds,
    command: bench('cache', 'torch'),
    chart: {
      id: 'cache-start',
      title: 'Cold start on a hit',
      kind: 'latency',
      series: 'after imports',
    },
  },
  {
    id: 'cache-hit-rate',
    title: 'Hit rate of the committed trace of compiles',
    unit: 'share',
    better: 'higher',
    client: minOf(0.8),
    read: (data) => data.trace?.hitRate,
    command: bench('cache', 'trace'),
    chart: { id: 'cache-hits', title: 'Hit rate', kind: 'hit rate', series: 'trace' },
  },
  {
    id: 'cache-cross-machine',
    title: 'Hit rate on another machine (user, home, folders, threads, host name differ)',
    unit: 'share',
    better: 'higher',
    client: minOf(0.6),
    goal: minOf(0.95),
    read: (data) => data.machines?.hitRate,
    command: bench('cache', 'machines'),
    chart: { id: 'cache-hits', title: 'Hit rate', kind: 'hit rate', series: 'other machine' },
  },
  {
    id: 'cache-local-lookup',
    title: 'Local lookup, p99',
    unit: 'ms',
    client: maxOf(10),
    goal: maxOf(1),
    read: (data) => (data.local_lookup ?? data.lookup)?.local?.p99Ms,
    command: bench('cache', 'local_lookup'),
    chart: { id: 'cache-lookup', title: 'Lookup, p99', kind: 'latency', series: 'local' },
  },
  {
    id: 'cache-remote-lookup',
    title: 'Remote lookup, p99, with 150 ms injected before the first byte of the blob store',
    unit: 'ms',
    client: maxOf(500),
    goal: maxOf(500),
    read: (data) => (data.remote_lookup ?? data.remote)?.p99Ms,
    command: bench('cache', 'remote_lookup'),
    chart: { id: 'cache-lookup', title: 'Lookup, p99', kind: 'latency', series: 'remote' },
  },
  {
    id: 'cache-size',
    title: 'Storage by the size of the artefacts',
    unit: 'x',
    client: maxOf(2),
    goal: maxOf(1.05),
    read: (data) => data.storage?.ratio,
    command: bench('cache', 'storage'),
  },
  ...['up', 'down', 'blackHoled'].map((state) => ({
    id: `cache-fallback-${state}`,
    title: `Fallback: compile time added by a miss, server ${state === 'blackHoled' ? 'black-holed' : state}`,
    unit: 'share',
    client: maxOf(0.05),
    goal: maxOf(0.02),
    read: (data) => data.fallback?.[state]?.share,
    command: bench('cache', 'fallback'),
  })),
];

const secondary = [
  {
    id: 'cache-key',
    title: 'Key generation',
    unit: 'us',
    goal: maxOf(10),
    read: (data) => (data.key_generation ?? data.key)?.medianUs,
    command: bench('cache', 'key_generation'),
  },
  {
    id: 'cache-compilers',
    title: 'C++ compilers started on a remote hit',
    unit: 'count',
    goal: maxOf(0),
    read: (data) => data.torch?.hit?.compilersStarted,
    command: bench('cache', 'torch'),
  },
  {
    id: 'cache-wrong-loads',
    title: 'Loads of an artefact for other CPU features or another version',
    unit: 'count',
    goal: maxOf(0),
    read: (data) => data.machines?.wrongLoads,
    command: bench('cache', 'machines'),
  },
  ...['1 KB', '1 MB'].flatMap((size) =>
    ['get', 'put'].map((method) => ({
      id: `cache-server-${method}-${size.replace(' ', '')}`,
      title: `Server on loopback: ${method.toUpperCase()} of ${size}, p99`,
      unit: 'ms',
      read: (data) => data.server?.[size]?.[method]?.p99Ms,
      peers: (data) => [
        { name: `nginx, ${method} ${size}`, value: data.server?.[size]?.nginx?.[method]?.p99Ms },
      ],
      command: bench('cache', 'server'),
      chart: {
        id: 'cache-server',
        title: 'Server on loopback, p99',
        kind: 'latency',
        series: `${method} ${size}`,
      },
    })),
  ),
];

export const cache = [
  ...primary.map((metric) => ({ rank: 'primary', better: 'lower', record: 'cache', ...metric })),
  ...secondary.map((metric) => ({
    rank: 'secondary',
    better: 'lower',
    record: 'cache',
    ...metric,
  })),
];
