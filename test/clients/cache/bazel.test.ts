import { dirname, join } from 'node:path';
import { createBazelClient } from './clients/bazel.ts';
import { describeClient } from './describe-client.ts';

describeClient('Bazel', {
  needs: ['bazel'],
  create: ({ bazel }) => createBazelClient(bazel, join(dirname(bazel), 'installed')),
  buildsAlone: true,
});
