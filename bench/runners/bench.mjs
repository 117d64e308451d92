#!/usr/bin/env node
// `npm run bench -- [PRODUCT[/PART] ...] [options]`: figures of this machine, each after its answer was
// checked. PRODUCT is `checkpoint` (the default), `dedup`, `cache` or `all`; docs/benchmarks.md has the options and
// says how each figure is measured. Prints tables and writes one JSON record for each product under bench/records.
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
  const asked = positionals.length === 0 ? ['checkpoint'] : positionals;
  const products = new Map();
  for (const name of asked.includes('all') ? Object.keys(PRODUCTS) : asked) {
    const [product, part] = name.split('/');
    if (!PRODUCTS[product]) {
      throw new SetupError(`There is no benchmark "${name}"`, {
        advice: `Products: ${Object.keys(PRODUCTS).join(', ')}, all; PRODUCT/PART is one part`,
      });
    }
    const parts = products.get(product) ?? [];
    products.set(product, part === undefined ? parts : [...parts, part]);
  }
  for (const [product, parts] of products) {
    const { run } = await PRODUCTS[product]();
    await run({ ...values, only: parts.join() || values.only });
  }
});
