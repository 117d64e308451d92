// The dedup benchmark, part by part (docs/benchmarks.md says what each measures).
import { setUp } from '../../../scripts/setup.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { buildExample, temporaryFolder } from '../shared/programs.mjs';
import { finishRecord, startRecord } from '../shared/record.mjs';
import { binding } from './binding.mjs';
import { correlation } from './correlation.mjs';
import { peersPython } from './environment.mjs';
import { index } from './index.mjs';
import { named } from './named-sets.mjs';
import { quality } from './quality.mjs';
import { scale } from './scale.mjs';
import { sets } from './sets.mjs';
import { stages } from './stages.mjs';
import { threads } from './threads.mjs';
import { engine } from './tools.mjs';

const CRATE = 'mithril-dedup';
const PARTS = { sets, quality, named, stages, threads, correlation, binding, index, scale };
/** Minutes and gigabytes: only if asked for. */
const BY_NAME_ONLY = new Set(['scale']);

export async function run(options) {
  const names =
    options.only?.split(',') ?? Object.keys(PARTS).filter((name) => !BY_NAME_ONLY.has(name));
  const unknown = names.find((name) => !PARTS[name]);
  if (unknown !== undefined) {
    throw new SetupError(`The dedup benchmark has no part "${unknown}"`, {
      advice: `Parts: ${Object.keys(PARTS).join(', ')}`,
    });
  }
  const { cargoEnv } = await setUp(['test']);
  const record = startRecord('dedup', options);
  const example = (name) => buildExample(CRATE, name, cargoEnv);
  const context = {
    options,
    example,
    work: temporaryFolder(),
    engineTool: engine(example('dedup_once')),
    generator: example('generate_documents'),
    kernels: example('kernel_speed'),
    exactPairs: example('exact_pairs'),
    python: options.peers ? await peersPython() : undefined,
  };
  for (const name of names) {
    process.stderr.write(`${name} ...\n`);
    record[name] = PARTS[name](context);
  }
  finishRecord(record);
}
