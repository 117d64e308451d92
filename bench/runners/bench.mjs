#!/usr/bin/env node
// `npm run bench -- [PRODUCT ...] [options]`: figures of this machine, each after its answer was
// checked. PRODUCT is `checkpoint` (the default), `dedup`, `cache` or `all`; docs/benchmarks.md has the options and
// says how each figure is measured. Prints tables and writes one JSON record under bench/records.
import { SetupError } from '../../scripts/system/process.mjs';
import { asProgram } from '../../scripts/system/program.mjs';
import { readOptions } from './shared/options.mjs';

/** The runner of each product: `run(options)`. */
const PRODUCTS = {
  checkpoint: () => import('./checkpoint/run.mjs'),
  dedup: () => import('./dedup/run.mjs'),
  cache: () => import('./cache/run.mjs'),
};

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  peers: { type: 'boolean', default: false },
  series: { type: 'boolean', default: false },
  models: { type: 'string' },
  text: { type: 'string' },
  only: { type: 'string' },
  data: { type: 'string' },
};

await asProgram(async () => {
  const { values, positionals } = readOptions(OPTIONS, {
    advice: `Options: ${Object.keys(OPTIONS)
      .map((name) => `--${name}`)
      .join(', ')} (docs/benchmarks.md)`,
    allowPositionals: true,
  });
  const names = positionals.length === 0 ? ['checkpoint'] : positionals;
  const products = names.includes('all') ? Object.keys(PRODUCTS) : names;
  for (const name of products) {
    if (!PRODUCTS[name]) {
      throw new SetupError(`There is no benchmark "${name}"`, {
        advice: `Products: ${Object.keys(PRODUCTS).join(', ')}, all`,
      });
    }
  }
  for (const name of products) {
    const { run } = await PRODUCTS[name]();
    await run(values);
  }
});
