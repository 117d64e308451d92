import { createCcacheClient } from './clients/ccache.ts';
import { describeClient } from './describe-client.ts';

for (const layout of ['subdirs', 'flat', 'bazel'] as const) {
  describeClient(`ccache, layout ${layout}`, {
    needs: ['ccache'],
    create: ({ ccache }) => createCcacheClient(ccache, layout),
    buildsAlone: true,
  });
}
