import { createTurborepoClient } from './clients/turborepo.ts';
import { describeClient } from './describe-client.ts';

for (const hasPreflight of [false, true]) {
  describeClient(`Turborepo${hasPreflight ? ' with preflight' : ''}`, {
    needs: ['turbo'],
    create: ({ turbo }) => createTurborepoClient(turbo, hasPreflight),
    buildsAlone: true,
  });
}
