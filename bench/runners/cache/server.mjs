// The server: latency and requests a second beside nginx, lookups with a far object store, storage.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, ROOT } from '../../../scripts/system/cache.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { median, temporaryFolder } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { ask, percentile, throughput, timeEach } from './http-load.mjs';
import { createToken, startDelayed, startMithril, startNginx } from './servers.mjs';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = { '1 KB': KIB, '1 MB': MIB };
const NGINX_PORT = 27_881;
/** Requests under way where requests a second are counted. */
const WIDTH = 8;
const DELAY_MS = 150;

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** How to speak to ours: the native protocol, with a signature that has the right form. */
export function mithrilSide({ url }, token) {
  const authorization = { Authorization: `Bearer ${token}` };
  const signature = `${'0'.repeat(16)}:${Buffer.alloc(64).toString('base64')}`;
  return {
    name: 'mithril',
    put: (key, body) => {
      const headers = {
        ...authorization,
        'Content-Length': body.length,
        'Mithril-Digest': sha256(body),
        'Mithril-Signature': signature,
        'Mithril-Toolchain': key,
        'Mithril-Compile-Seconds': '1',
      };
      return () => ask(`${url}/v1/entries/${key}`, { method: 'PUT', body, headers });
    },
    get: (key) => () => ask(`${url}/v1/entries/${key}`, { headers: authorization }),
  };
}

const nginxSide = ({ url }) => ({
  name: 'nginx',
  put: (key, body) => () =>
    ask(`${url}/${key.slice(0, 2)}/${key}`, {
      method: 'PUT',
      body,
      headers: { 'Content-Length': body.length },
    }),
  get: (key) => () => ask(`${url}/${key.slice(0, 2)}/${key}`),
});

export async function server({ options }) {
  const folder = temporaryFolder(cacheFolder('bench'));
  const [ours, peers] = [path.join(folder, 'mithril'), path.join(folder, 'nginx')];
  const token = createToken(ours);
  const mithril = await startMithril(ours);
  const nginx = await startNginx(peers, NGINX_PORT);
  const sides = [mithrilSide(mithril, token), ...(nginx === null ? [] : [nginxSide(nginx)])];
  const found = {};
  try {
    for (const [size, bytes] of Object.entries(SIZES)) {
      const rounds = options.quick ? 3 : 10;
      found[size] = await measureSize(sides, { bytes, rounds, count: bytes === KIB ? 200 : 40 });
    }
    found.peakRssMiB = peakRssMiB(mithril.pid);
  } finally {
    mithril.end();
    nginx?.end();
  }
  print(found);
  return found;
}

/** Rounds in which the sides take turns; each writes new bodies and reads them back. */
async function measureSize(sides, { bytes, rounds, count }) {
  const figures = Object.fromEntries(sides.map(({ name }) => [name, newFigures()]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) await measureRound(side, figures[side.name], { bytes, count });
  }
  const { mithril, nginx } = figures;
  const ofPeer = nginx === undefined ? {} : { nginx: summarize(nginx) };
  return { ...summarize(mithril), ...ofPeer };
}

const newFigures = () => ({
  get: { times: [], rates: [] },
  put: { times: [], rates: [] },
});

async function measureRound(side, figures, { bytes, count }) {
  const bodies = Array.from({ length: 2 * count }, () => randomBytes(bytes));
  const keyed = bodies.map((body) => [sha256(body), body]);
  const puts = keyed.map(([key, body]) => side.put(key, body));
  const gets = keyed.map(([key]) => side.get(key));
  figures.put.times.push(...(await timeEach(puts.slice(0, count))));
  figures.put.rates.push(await throughput(puts.slice(count), WIDTH));
  for (const [index, get] of gets.entries()) {
    if (!(await get()).equals(bodies[index])) throw new SetupError(`${side.name} gave other bytes`);
  }
  figures.get.times.push(...(await timeEach(gets.slice(0, count))));
  figures.get.rates.push(await throughput(gets, WIDTH));
}

const summarize = (figures) =>
  Object.fromEntries(
    Object.entries(figures).map(([method, { times, rates }]) => [
      method,
      {
        p50Ms: percentile(times, 0.5),
        p99Ms: percentile(times, 0.99),
        maxMs: Math.max(...times),
        requestsPerSecond: median(rates),
        requests: times.length,
      },
    ]),
  );

const memoryMiB = (pid, name) => {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / KIB;
};
const peakRssMiB = (pid) => memoryMiB(pid, 'VmHWM');
export const residentMiB = (pid) => memoryMiB(pid, 'VmRSS');

function print(found) {
  const rows = Object.keys(SIZES).flatMap((size) =>
    ['get', 'put'].flatMap((method) =>
      [
        ['mithril', found[size][method]],
        ['nginx', found[size].nginx?.[method]],
      ].map(([name, it]) => [
        `${method.toUpperCase()} ${size}`,
        name,
        it?.p50Ms.toFixed(2),
        it?.p99Ms.toFixed(2),
        it?.maxMs.toFixed(1),
        it?.requestsPerSecond.toFixed(0),
      ]),
    ),
  );
  const head = ['request', 'server', 'p50 ms', 'p99 ms', 'max ms', `requests/s, ${WIDTH} at once`];
  const note = 'ours flushes each body and row to the disk and checks digests; nginx does neither';
  printTable('Server on loopback', [head, ...rows], note);
}

/** GET with the first byte of the blob store delayed, as S3 does it; the delay is injected. */
export async function remoteLookup() {
  const folder = temporaryFolder(cacheFolder('bench'));
  const token = createToken(folder);
  const delayed = await startDelayed(folder, DELAY_MS);
  const side = mithrilSide(delayed, token);
  try {
    const bodies = Array.from({ length: 100 }, () => randomBytes(100 * KIB));
    for (const body of bodies) await side.put(sha256(body), body)();
    const times = await timeEach(bodies.map((body) => side.get(sha256(body))));
    const found = {
      injectedMs: DELAY_MS,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
    };
    const row = [
      `GET 100 KB, ${DELAY_MS} ms injected`,
      found.p50Ms.toFixed(1),
      found.p99Ms.toFixed(1),
    ];
    printTable('Lookup with a far object store', [['request', 'p50 ms', 'p99 ms'], row]);
    return found;
  } finally {
    delayed.end();
  }
}

/** What the folder takes on the disk, by the bytes of the artefacts in it; one is written twice. */
export async function storage() {
  const folder = temporaryFolder(cacheFolder('bench'));
  const token = createToken(folder);
  const mithril = await startMithril(folder);
  const side = mithrilSide(mithril, token);
  try {
    const noise = randomBytes(16 * MIB);
    const bodies = [...artefacts(), noise];
    for (const [index, body] of bodies.entries()) await side.put(sha256(`${index}`), body)();
    await side.put(sha256('the same again'), noise)();
    const artefactBytes = bodies.reduce((sum, body) => sum + body.length, 0);
    const diskBytes = bytesOnDisk(folder);
    const ratio = diskBytes / artefactBytes;
    const row = [
      bodies.length,
      (artefactBytes / MIB).toFixed(1),
      (diskBytes / MIB).toFixed(1),
      ratio.toFixed(3),
    ];
    const head = ['artefacts', 'MiB', 'MiB on disk', 'ratio'];
    printTable('Storage: the built command, native modules, 16 MiB of noise', [head, row]);
    return { artefacts: bodies.length, artefactBytes, diskBytes, ratio };
  } finally {
    mithril.end();
  }
}

/** What a build leaves behind here: the bundled command and the native modules. */
function artefacts() {
  const folders = [
    'dist/cli',
    'native/codec-napi',
    'native/minhash-napi',
    'node_modules/zstd-napi/build',
  ];
  return folders
    .map((name) => path.join(ROOT, name))
    .filter((name) => fs.existsSync(name))
    .flatMap((name) =>
      fs.readdirSync(name, { recursive: true }).map((file) => path.join(name, file)),
    )
    .filter((file) => /\.(js|map|node|so|o)$/.test(file) && fs.statSync(file).isFile())
    .map((file) => fs.readFileSync(file));
}

const DISK_BLOCK_BYTES = 512;
const bytesOnDisk = (folder) =>
  fs
    .readdirSync(folder, { recursive: true })
    .reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).blocks * DISK_BLOCK_BYTES, 0);
