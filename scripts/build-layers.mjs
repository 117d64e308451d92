#!/usr/bin/env node
// Builds the Lambda layers, layers/{native,dedup,zstd}/dist.
//
//   node scripts/build-layers.mjs               linux-x64 and linux-arm64: what a deploy needs
//   node scripts/build-layers.mjs host          this machine's build only: what `npm start` needs
//   node scripts/build-layers.mjs --out DIR     into DIR/{native,dedup,zstd}, layers/*/dist stay as they are
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildLayers } from './native/layers.mjs';
import { TARGETS } from './native/targets.mjs';
import { setUp } from './setup.mjs';
import { SetupError } from './system/process.mjs';
import { asProgram, isProgram } from './system/program.mjs';
import { startReport } from './system/report.mjs';

export { buildLayers };

async function main(args) {
  const options = { out: { type: 'string' } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const arches = positionals.length > 0 ? positionals : Object.keys(TARGETS);
  const unknown = arches.filter((arch) => arch !== 'host' && !(arch in TARGETS));
  if (unknown.length > 0) {
    throw new SetupError(`Unknown: ${unknown}`, { advice: 'Known: host, x64, arm64' });
  }
  await setUp(['native']);
  const out = values.out === undefined ? undefined : path.resolve(values.out);
  const report = startReport({ title: 'Lambda layers', reason: arches.join(', ') });
  try {
    const layers = await buildLayers({ arches, out, line: report.line });
    report.done();
    print(layers);
  } catch (error) {
    report.failed();
    throw error;
  }
}

function print(layers) {
  for (const layer of layers) {
    process.stdout.write(`${path.relative('', layer.folder)}\n`);
    for (const { name, bytes } of layer.files) {
      process.stdout.write(`  ${String(bytes).padStart(9)} B  ${name}\n`);
    }
  }
}

if (isProgram(import.meta.url)) await asProgram(() => main(process.argv.slice(2)));
