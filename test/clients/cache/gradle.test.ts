import { createGradleClient } from './clients/gradle.ts';
import { describeClient } from './describe-client.ts';

describeClient('Gradle', {
  needs: ['java', 'gradle'],
  create: ({ java, gradle }) => createGradleClient({ java, launcher: gradle }),
  buildsAlone: true,
});
