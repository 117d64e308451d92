// The dedup benchmark, part by part (docs/benchmarks.md says what each measures).
import { setUp } from '../../../scripts/setup.mjs';
import { SetupError } from '../../../scripts/system/process.mjs';
import { buildExample, temporaryFolder } from '../shared/programs.mjs';
import { finishRecord, startRecord } from '../shared/record.mjs';
import { peersPython } from './environment.mjs';
import { named } from './named-sets.mjs';
import { quality } from './quality.mjs';
import { scale } from './scale.mjs';
import { sets } from './sets.mjs';
import { stages } from './stages.mjs';
import { engine } from './tools.mjs';

const CRATE = 'mithril-dedup';
const PARTS = { sets, quality, named, stages, scale };
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
  const context = {
    options,
    work: temporaryFolder(),
    engineTool: engine(buildExample(CRATE, 'dedup_once', cargoEnv)),
    generator: buildExample(CRATE, 'generate_documents', cargoEnv),
    kernels: buildExample(CRATE, 'kernel_speed', cargoEnv),
    exactPairs: buildExample(CRATE, 'exact_pairs', cargoEnv),
    python: options.peers ? await peersPython() : undefined,
  };
  for (const name of names) {
    process.stderr.write(`${name} ...\n`);
    record[name] = PARTS[name](context);
  }
  finishRecord(record);
}
