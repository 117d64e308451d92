import { defineConfig } from 'vitest/config';

/** `npm test` runs everything but test/clients; `npm run test:clients` runs that folder. */
const clients = process.env['MITHRIL_TEST_CLIENTS'] === '1';

export default defineConfig({
  test: {
    include: clients ? ['test/clients/**/*.test.ts'] : ['**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      'native/target/**',
      'cdk.out/**',
      ...(clients ? [] : ['test/clients/**']),
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
