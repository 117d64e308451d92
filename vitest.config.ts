import { defineConfig } from 'vitest/config';

/** `npm test` runs everything but test/clients; `npm run test:clients` runs that folder. */
const clients = process.env['MITHRIL_TEST_CLIENTS'] === '1';
/** Set by `npm run coverage`: where processes that tests start leave what they ran. */
const children = process.env['MITHRIL_CHILD_COVERAGE'];

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
    env: children === undefined ? {} : { NODE_V8_COVERAGE: children },
    coverage: {
      include: ['{cli,functions,infra,shared}/**/*.ts'],
      exclude: ['**/*.test.ts', 'cli/testing/**'],
      reporter: ['json'],
      reportOnFailure: true,
    },
  },
});
