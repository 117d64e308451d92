#!/usr/bin/env node
// `npm run bench`: figures of this machine, each after its answer was checked. Prints tables and writes one JSON
// record for each product under bench/records.
import { SetupError } from '../../scripts/system/process.mjs';
import { asProgram } from '../../scripts/system/program.mjs';
import { readOptions } from './shared/options.mjs';

/** The runner of each product: `run(options)`. */
const PRODUCTS = {
  checkpoint: () => import('./checkpoint/run.mjs'),
  dedup: () => import('./dedup/run.mjs'),
  cache: () => import('./cache/run.mjs'),
};

const HELP = `npm run bench                                     checkpoints: all that needs no other package
npm run bench -- all                              checkpoint, dedup and cache
npm run bench -- checkpoint --peers --series      and the peers, and real training runs
npm run bench -- dedup/sets cache/local_lookup    some parts: PRODUCT/PART
npm run bench -- checkpoint --only ratio,codec    the same for one product
npm run bench -- checkpoint --models DIR          and published models that you have on disk
npm run bench -- checkpoint --series --text FILE  train on this text
npm run bench -- dedup --data DIR                 and the seven public sets in DIR
npm run bench -- all --quick                      fewer rounds, smaller inputs

docs/benchmarks.md names the parts and says how each figure is measured.`;

const OPTIONS = {
  help: { type: 'boolean', default: false },
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
    advice: HELP,
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
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
