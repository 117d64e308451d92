import { createSccacheClient } from './clients/sccache.ts';
import { describeClient } from './describe-client.ts';

describeClient('sccache', {
  needs: ['sccache'],
  create: ({ sccache }) => createSccacheClient(sccache),
  buildsAlone: false,
});
