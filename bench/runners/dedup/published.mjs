// What others have published of their deduplication: other machines, other data, not run here.
export const PUBLISHED = [
  {
    what: 'NeMo Curator (needs a GPU), against CPUs',
    figure: '20x faster, 5x cheaper',
    source: 'a page that quotes its makers',
  },
  {
    what: 'FED against NeMo Curator, 30M documents, 4 GPUs',
    figure: 'up to 6.3x',
    source: 'arXiv 2501.01046v3, abstract',
  },
  {
    what: "FED, 4 GPUs, against SlimPajama's tool on 64 logical cores",
    figure: 'up to 107x',
    source: 'arXiv 2501.01046v3, abstract',
  },
  {
    what: 'LSHBloom against MinHashLSH on peS2o',
    figure: '12x faster, 18x less disk',
    source: 'arXiv 2411.04257v4, abstract',
  },
  {
    what: 'rensa (rho, flags only) against datasketch',
    figure: '608x',
    source: 'readme of 0.5.0',
  },
];
