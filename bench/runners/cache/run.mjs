// The benchmark of the compile cache, part by part (docs/benchmarks.md says what each measures).
import { setUp } from '../../../scripts/setup.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { finishRecord, startRecord } from '../shared/record.mjs';
import { fallback, keyGeneration, localLookup, machines, torch, trace } from './python.mjs';
import { remoteLookup, server, storage } from './server.mjs';
import { soak } from './soak.mjs';

const PARTS = {
  torch,
  machines,
  trace,
  fallback,
  local_lookup: localLookup,
  key_generation: keyGeneration,
  server,
  remote_lookup: remoteLookup,
  storage,
  soak,
};
/** Ten minutes: only where it is asked for. */
const LONG = new Set(['soak']);
/** These need no torch. */
const OF_THE_SERVER = new Set(['server', 'remote_lookup', 'storage', 'soak']);

export async function run(options) {
  const names = options.only?.split(',') ?? Object.keys(PARTS).filter((name) => !LONG.has(name));
  const unknown = names.find((name) => !PARTS[name]);
  if (unknown !== undefined) {
    throw new SetupError(`The cache benchmark has no part "${unknown}"`, {
      advice: `Parts: ${Object.keys(PARTS).join(', ')}`,
    });
  }
  const isServerOnly = names.every((name) => OF_THE_SERVER.has(name));
  await setUp(isServerOnly ? ['zstd', 'cli'] : ['clients']);
  const record = startRecord('cache', options);
  for (const name of names) {
    process.stderr.write(`${name} ...\n`);
    record[name] = await PARTS[name]({ options });
  }
  finishRecord(record);
}
