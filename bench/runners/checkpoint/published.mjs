// What others have published of their codecs: other machines, other data, not run here.
export const PUBLISHED = [
  {
    what: 'LMC (byte groups, Huffman), 16 cores: compress',
    figure: '2.78 GiB/s',
    source: 'arXiv 2505.09810, abstract',
  },
  {
    what: 'LMC, 16 cores: restore',
    figure: '3.76 GiB/s',
    source: 'arXiv 2505.09810, abstract',
  },
  {
    what: 'ZipNN, many workers and threads: compress',
    figure: 'up to 13 GB/s',
    source: 'arXiv 2411.05239v2, abstract',
  },
  {
    what: 'ZipNN, many workers and threads: restore',
    figure: 'up to 80 GB/s',
    source: 'arXiv 2411.05239v2, abstract',
  },
  {
    what: 'ZipNN, space saved on popular models',
    figure: 'often 33% (1.5x)',
    source: 'arXiv 2411.05239v2, abstract',
  },
];
