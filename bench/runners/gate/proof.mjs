// Proof that the gate decides right, on the instructions of one kernel of the codec and of dedup: this
// tree passes every time, and one in which the kernel executes 15% more instructions fails every time. The slower tree is a copy in a temporary folder.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/system/cache.mjs';
import { buildExample } from '../shared/programs.mjs';
import { startRecord } from '../shared/record.mjs';
import { countInstructions } from './instructions.mjs';
import { judge } from './judge.mjs';

const RUNS = 20;
const SLOWER = 0.15;
const KERNEL = 'compress-fp32';
const SOURCE = path.join('codec', 'src', 'segment', 'encode.rs');
const PLACE = '    let raw_length = raw.len() as u64;\n';
/** Of one turn of the planted loop, as rustc makes it; the proof prints what it came to. */
const INSTRUCTIONS_A_TURN = 4;

export async function prove(context, records) {
  const run = startRecord('gate', {});
  const once = async (codec) => {
    const figures = await countInstructions({ ...context, codec, kernels: [KERNEL] });
    return judge({ ...run, figures }, records);
  };
  const clean = await times(() => once(context.codec));
  const of = (rows) => rows.find(({ name }) => name === `codec ${KERNEL}`).value;
  const slowCodec = plant(context, of(clean[0]));
  const planted = await times(() => once(slowCodec));
  const passed = clean.filter((rows) => rows.every(({ verdict }) => verdict === 'pass')).length;
  const caught = planted.filter((rows) => rows.some(({ verdict }) => verdict === 'fail')).length;
  console.log(`unchanged tree: ${passed} of ${RUNS} pass (spread ${spread(clean)})`);
  const slower = `${(100 * (of(planted[0]) / of(clean[0]) - 1)).toFixed(1)}% more instructions`;
  console.log(`${KERNEL} with ${slower}: ${caught} of ${RUNS} caught`);
  if (passed < RUNS || caught < RUNS) process.exitCode = 1;
}

async function times(take) {
  const results = [];
  for (let turn = 0; turn < RUNS; turn++) {
    results.push(await take());
    process.stderr.write(`  ${turn + 1} of ${RUNS}\n`);
  }
  return results;
}

/** Largest spread of a figure over the runs, relative. */
function spread(runs) {
  const spreads = runs[0].map((_, at) => {
    const values = runs.map((rows) => rows[at].value);
    return Math.max(...values) / Math.min(...values) - 1;
  });
  return `${(100 * Math.max(...spreads)).toFixed(3)}%`;
}

/** Builds the kernel with a loop that counts up to a share of its bytes; returns the program. */
function plant({ cargoEnv, work }, instructionsPerByte) {
  const native = path.join(work, 'native');
  fs.cpSync(path.join(ROOT, 'native'), native, {
    recursive: true,
    filter: (name) => !/(^|\/)(target|node_modules)$/.test(name),
  });
  const file = path.join(native, SOURCE);
  const source = fs.readFileSync(file, 'utf8');
  if (!source.includes(PLACE)) throw new Error(`${SOURCE} has no place to plant a loop`);
  const turns = Math.round((1000 * SLOWER * instructionsPerByte) / INSTRUCTIONS_A_TURN);
  const loop = `    for turn in 0..raw_length * ${turns} / 1000 {\n        std::hint::black_box(turn);\n    }\n`;
  fs.writeFileSync(file, source.replace(PLACE, `${PLACE}${loop}`));
  // What cargo has compiled of others is copied, with its times: only the codec is compiled anew.
  const target = path.join(work, 'planted-target');
  fs.cpSync(cargoEnv.CARGO_TARGET_DIR, target, { recursive: true, preserveTimestamps: true });
  const environment = { ...cargoEnv, CARGO_TARGET_DIR: target };
  return buildExample('mithril-checkpoint', 'codec_instructions', environment, native);
}
