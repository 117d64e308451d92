// Step: the bundled command line, dist/cli.
import { buildCli, staleCliBecause } from '../build-cli.mjs';

export const cliBundle = {
  name: 'cli',
  title: 'Command line (bundle)',
  needs: ['node'],
  staleBecause: staleCliBecause,
  run: ({ line }) => buildCli({ line }),
};
