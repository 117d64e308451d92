// Mixed load for minutes: requests start when they are due, whether or not earlier ones have ended.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../../../scripts/system/cache.mjs';
import { median, temporaryFolder } from '../shared/programs.mjs';
import { printTable } from '../shared/table.mjs';
import { percentile } from './http-load.mjs';
import { mithrilSide, residentMiB } from './server.mjs';
import { createToken, startMithril } from './servers.mjs';

const REQUESTS_PER_SECOND = 40;
const SECONDS = 600;
const SECONDS_QUICK = 60;
/** Nine of ten requests read. */
const WRITE_EVERY = 10;
const SIZES = [1 << 10, 1 << 14, 1 << 18, 1 << 20];
const RSS_EVERY_MS = 2_000;
const KEYS_MAX = 2_000;

export async function soak({ options }) {
  const folder = temporaryFolder(cacheFolder('bench'));
  const token = createToken(folder);
  const mithril = await startMithril(folder);
  const side = mithrilSide(mithril, token);
  const seconds = options.quick ? SECONDS_QUICK : SECONDS;
  try {
    const found = { seconds, ...(await load(side, mithril.pid, seconds)) };
    print(found);
    return found;
  } finally {
    mithril.end();
  }
}

async function load(side, pid, seconds) {
  const known = [];
  const times = [];
  const errors = [];
  const memory = [];
  const running = new Set();
  const startedMs = performance.now();
  const count = seconds * REQUESTS_PER_SECOND;
  for (let index = 0; index < count; index += 1) {
    const dueMs = startedMs + (index * 1_000) / REQUESTS_PER_SECOND;
    await sleep(Math.max(0, dueMs - performance.now()));
    if (dueMs - startedMs >= memory.length * RSS_EVERY_MS) memory.push(residentMiB(pid));
    const request = index % WRITE_EVERY === 0 ? write(side, known) : read(side, known, index);
    const run = request
      .then(() => times.push(performance.now() - dueMs))
      .catch((error) => errors.push(String(error)))
      .finally(() => running.delete(run));
    running.add(run);
  }
  await Promise.all(running);
  const third = Math.ceil(memory.length / 3);
  return {
    requests: count,
    errors: errors.length,
    firstErrors: errors.slice(0, 3),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    maxMs: Math.max(...times),
    rssMiBSecondThird: median(memory.slice(third, 2 * third)),
    rssMiBLastThird: median(memory.slice(2 * third)),
  };
}

async function write(side, known) {
  const body = randomBytes(SIZES[known.length % SIZES.length]);
  const key = createHash('sha256').update(body).digest('hex');
  await side.put(key, body)();
  if (known.length < KEYS_MAX) known.push(key);
}

async function read(side, known, index) {
  if (known.length === 0) return;
  const key = known[(index * 7_919) % known.length];
  const body = await side.get(key)();
  if (createHash('sha256').update(body).digest('hex') !== key) throw new Error('other bytes');
}

function print(it) {
  const head = ['requests', 'errors', 'p50 ms', 'p99 ms', 'max ms', 'RSS MiB, 2nd third', 'last'];
  const times = [it.p50Ms, it.p99Ms, it.maxMs].map((ms) => ms.toFixed(1));
  const memory = [it.rssMiBSecondThird, it.rssMiBLastThird].map((mib) => mib.toFixed(0));
  const title = `${it.seconds} s of mixed load, ${REQUESTS_PER_SECOND} requests/s, open loop`;
  printTable(title, [head, [it.requests, it.errors, ...times, ...memory]]);
}
