import { createNxClient } from './clients/nx.ts';
import { describeClient } from './describe-client.ts';

describeClient('Nx', {
  needs: ['nx'],
  create: ({ nx }) => createNxClient(nx),
  buildsAlone: false,
});
