// Metrics of deduplication. metrics.mjs says what the fields mean.
import { bench, maxOf, minOf, oneOf } from './shape.mjs';

const GB = 1e9;
const BILLION = 1e9;
const BANDS = 20;
const RATE_MIN = 100_000;

/** The client's seven data sets: rows for each CPU second, precision and recall of each. */
const REAL = [
  ['agnews_test', 'AG News test', 600_000],
  ['tweeteval', 'TweetEval', 1_000_000],
  ['rt_polarity', 'Rotten Tomatoes', undefined],
  ['imdb_train', 'IMDB train', 150_000],
];
const SYNTHETIC = [
  ['exact-1k', 'Synthetic-1K (30% exact copies)'],
  ['near-100k', 'Synthetic-100K (30% near copies)'],
];

const namedOf = (data, label) => data.named?.find((set) => set.label.startsWith(label));
const engineOf = (data, set) => data.sets?.sets?.[set]?.tools?.Mithril;

const rates = REAL.map(([set, title, goal]) => ({
  id: `dedup-rate-${set}`,
  rank: 'primary',
  title: `${title}: JSON lines in to out, exact verification on, one core`,
  unit: 'docs/s',
  better: 'higher',
  client: minOf(RATE_MIN),
  goal: oneOf(goal, minOf),
  record: 'dedup',
  read: (data) => (engineOf(data, set) ?? namedOf(data, title.split(' ')[0]))?.rowsPerCpuSecond,
  command: bench('dedup', 'sets'),
  chart: {
    id: 'dedup-rate',
    title: 'Documents for each CPU second',
    kind: 'throughput',
    series: title,
  },
  peers: (data) => peersOf(data, set, title),
}));

const peersOf = (data, set, title) =>
  Object.entries(data.sets?.sets?.[set]?.tools ?? {})
    .filter(([name]) => !name.startsWith('Mithril'))
    .map(([name, found]) => ({ name: `${name}, ${title}`, value: found.rowsPerCpuSecond }));

const peers = [
  ['rensa R-MinHash', /^rensa/, 'agnews_test', 15],
  ['rensa R-MinHash', /^rensa/, 'tweeteval', 15],
  ['rensa R-MinHash', /^rensa/, 'imdb_train', 20],
  ['gaoya', /^gaoya/, 'agnews_test', 12],
  ['datasketch', /^datasketch/, 'agnews_test', 80],
  ['text-dedup', /^text-dedup/, 'agnews_test', 250],
  ['datatrove', /^datatrove/, 'agnews_test', 500],
].map(([title, pattern, set, goal]) => ({
  id: `dedup-against-${title.split(' ')[0]}-${set}`,
  rank: 'secondary',
  title: `CPU time of ${title} by that of Mithril, ${set}`,
  unit: 'x',
  better: 'higher',
  goal: minOf(goal),
  record: 'dedup',
  read: (data) => slowest(data.sets?.sets?.[set]?.tools, pattern),
  command: 'npm run bench -- dedup --only sets --peers',
}));

/** Of a peer's variants the one that comes nearest to Mithril. */
const slowest = (tools, pattern) => {
  const found = Object.entries(tools ?? {}).filter(([name]) => pattern.test(name));
  if (found.length === 0) return undefined;
  return Math.min(...found.map(([, { timesEngine }]) => timesEngine));
};

const quality = [
  ...SYNTHETIC.map(([set, title]) => ({ set, title, part: 'synthetic' })),
  ...REAL.map(([set, title]) => ({ set, title: `${title}, first 10,000 rows`, part: 'slices' })),
].flatMap(({ set, title, part }) =>
  ['precision', 'recall'].map((figure) => ({
    id: `dedup-${figure}-${set}`,
    rank: 'primary',
    title: `${figure === 'precision' ? 'Precision' : 'Recall'}: ${title}`,
    unit: 'share',
    better: 'higher',
    client: minOf(figure === 'precision' ? 0.95 : 0.9),
    goal: minOf(figure === 'precision' ? 0.99 : 0.98),
    record: 'dedup',
    path: ['quality', part, set, figure, 'share'],
    command: bench('dedup', 'quality'),
    reason: (value, data) => fewRows(data.quality[part][set][figure]),
    chart: { id: `dedup-${figure}`, title: `Dedup ${figure}`, kind: 'quality', series: title },
  })),
);

const fewRows = ({ share, low, high, of }) =>
  `${(100 * share).toFixed(1)}% of ${of} rows; 95% interval ${(100 * low).toFixed(1)} to ` +
  `${(100 * high).toFixed(1)}%. What is missed is what the bands do not propose`;

const bands = {
  id: 'dedup-recall-bands',
  rank: 'secondary',
  title: 'Recall of planted pairs from 0.8 to 0.85, the hardest band',
  unit: 'share',
  better: 'higher',
  client: minOf(0.9),
  goal: minOf(0.98),
  record: 'dedup',
  read: (data) => data.quality?.bands?.find(({ low }) => low === 0.8)?.found?.share,
  command: bench('dedup', 'quality'),
  reason: (value, data) => fewRows(data.quality.bands.find(({ low }) => low === 0.8).found),
};

const correlation = {
  id: 'dedup-correlation',
  rank: 'primary',
  title: 'MinHash against exact Jaccard: correlation over the full range',
  unit: 'number',
  better: 'higher',
  client: minOf(0.95),
  goal: minOf(0.99),
  record: 'dedup',
  path: ['correlation', 'correlation'],
  command: bench('dedup', 'correlation'),
};

const kernel = {
  id: 'dedup-minhash',
  rank: 'primary',
  title: 'MinHash stage alone, text to signature and keys, AG News',
  unit: 'docs/s',
  better: 'higher',
  client: minOf(800_000),
  goal: minOf(2_400_000),
  record: 'dedup',
  path: ['stages', 'minhash', 'docsPerCpuSecond'],
  command: bench('dedup', 'stages'),
};

const generated = [
  {
    id: 'dedup-pipeline-100k',
    title: 'Full pipeline, generated set of 100,000 with 30% near copies, one core',
    client: minOf(80_000),
    goal: minOf(300_000),
    read: (data) => namedOf(data, 'Synthetic-100K')?.rowsPerCpuSecond,
  },
  {
    id: 'dedup-c4',
    title: 'C4-sample, or the generated set of 1 million that stands in for it, one core',
    client: minOf(RATE_MIN),
    read: (data) => namedOf(data, 'C4-sample')?.rowsPerCpuSecond,
  },
].map((metric) => ({
  rank: 'primary',
  unit: 'docs/s',
  better: 'higher',
  record: 'dedup',
  command: bench('dedup', 'named'),
  ...metric,
}));

/** Arithmetic of bench/runners/dedup/model.mjs on a measured run. */
const modelOf = (data) => data.scale?.model;

const billion = [
  {
    id: 'dedup-lsh-memory',
    title: 'Resident memory of LSH at 1 billion documents (modelled)',
    unit: 'bytes',
    client: { max: 16 * GB, text: 'under 16 GB' },
    read: (data) => modelOf(data)?.memoryBytes,
  },
  {
    id: 'dedup-index-build',
    title: 'Index build of 1 billion documents, 1,000 Lambdas (modelled)',
    unit: 's',
    client: { max: 3600, text: 'under 1 h' },
    read: (data) => modelOf(data)?.lambdas?.seconds,
  },
].map((metric) => ({
  rank: 'primary',
  better: 'lower',
  record: 'dedup',
  command: bench('dedup', 'scale'),
  open: 'a model from measured stage rates; a run of 1 billion documents needs an AWS account',
  ...metric,
}));

const bloom = {
  id: 'dedup-lshbloom-memory',
  rank: 'primary',
  title: 'LSHBloom at 1 billion documents: bytes for an error of 1%',
  unit: 'bytes',
  better: 'lower',
  client: { max: GB, text: 'under 1 GB' },
  computed: () => bloomBytes(0.01, BILLION),
  reason: () => {
    const bits = (8 * GB) / BILLION;
    const share = bits / BANDS;
    const each = 0.5 ** (share * Math.LN2);
    const any = 1 - (1 - each) ** BANDS;
    return (
      `1 GB is ${bits} bits a document for all ${BANDS} bands, ${share} bits a key. A Bloom filter of ` +
      `that size errs in 0.5^(${share} x ln 2) = ${(100 * each).toFixed(0)}% of look-ups, and one of ` +
      `${BANDS} bands does in ${any > 0.9999 ? 'practically all' : `${(100 * any).toFixed(1)}%`}. ` +
      'Arithmetic, not measurement; the command prints its error before it runs'
    );
  },
};

/** n keys a band; the error of one band so small that one of all bands errs in `error`. */
const bloomBytes = (error, documents) => {
  const each = 1 - (1 - error) ** (1 / BANDS);
  return (BANDS * documents * -Math.log(each)) / Math.LN2 ** 2 / 8;
};

const index = {
  id: 'dedup-query',
  rank: 'primary',
  title: 'Local index of 1 million documents: query, p99',
  unit: 'ms',
  better: 'lower',
  client: maxOf(10),
  goal: maxOf(1),
  record: 'dedup',
  read: (data) => oneOf(data.index?.p99, (micros) => micros / 1000),
  command: bench('dedup', 'index'),
  chart: { id: 'dedup-query', title: 'Index query', kind: 'latency', series: 'p99' },
};

const python = [
  ['arrow', 'Arrow strings', 0.9],
  ['list', 'list[str]', 0.85],
].map(([name, title, goal]) => ({
  id: `dedup-python-${name}`,
  rank: 'primary',
  title: `Python overhead: rate on ${title} by that of the engine in memory, AG News`,
  unit: 'share',
  better: 'higher',
  goal: minOf(goal),
  record: 'dedup',
  path: ['binding', 'agnews_test', name, 'shareOfEngine'],
  command: bench('dedup', 'binding'),
}));

const twoThreads = ['agnews_test', 'tweeteval', 'imdb_train'].map((set) => ({
  id: `dedup-threads-${set}`,
  rank: 'secondary',
  title: `Two threads against one, ${set}, wall time`,
  unit: 'x',
  better: 'higher',
  goal: minOf(1.8),
  record: 'dedup',
  path: ['threads', set, 'timesOne'],
  command: bench('dedup', 'threads'),
}));

export const dedup = [
  ...rates,
  kernel,
  ...generated,
  ...quality,
  bands,
  correlation,
  ...billion.slice(0, 1),
  bloom,
  ...billion.slice(1),
  index,
  ...python,
  ...peers,
  ...twoThreads,
];
