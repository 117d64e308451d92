// Step: the Lambda layers with this machine's build, which is all that the local stack needs.
import { buildLayers, staleLayersBecause } from '../native/layers.mjs';

export const hostLayers = {
  name: 'layers',
  title: 'Lambda layers (this machine)',
  needs: ['codec', 'dedup', 'zstd'],
  staleBecause: () => staleLayersBecause({ arches: ['host'] }),
  run: ({ line }) => buildLayers({ arches: ['host'], line }),
};
