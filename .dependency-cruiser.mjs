/**
 * Import rules of the project (CONTRIBUTING.md, "Where code lives"). They are held by
 * `npm run boundaries`; test/boundaries proves that each rule can fail.
 */

/** A layer may import itself and what is listed; every other folder of ours is forbidden. */
const layer = (name, path, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: `^${path}/`, pathNot: '[.]test[.]ts$' },
  to: {
    path: '^(infra|functions|cli|layers|native|shared|test|bench)/',
    pathNot: [`^${path}/`, ...allowed.map((folder) => `^${folder}/`)],
  },
});

export default {
  forbidden: [
    layer(
      'contracts-are-leaves',
      'shared/contracts',
      [],
      'Contracts are what all sides agree on: they depend on nobody.',
    ),
    layer(
      'domain-is-pure',
      'shared/domain',
      ['shared/contracts'],
      'Decisions are data in, data out; no port, no I/O.',
    ),
    layer(
      'ports-name-needs',
      'shared/ports',
      ['shared/contracts', 'shared/domain'],
      'A port says what a use case needs, in our words.',
    ),
    layer(
      'app-knows-ports-only',
      'shared/app',
      ['shared/contracts', 'shared/domain', 'shared/ports'],
      'Use cases never see an adapter, so that all hosts share them.',
    ),
    layer(
      'adapters-implement-ports',
      'shared/adapters',
      ['shared/contracts', 'shared/domain', 'shared/ports'],
      'Adapters translate; they do not call use cases.',
    ),
    layer(
      'http-calls-use-cases',
      'shared/http',
      ['shared/app', 'shared/ports', 'shared/domain', 'shared/contracts'],
      'Routes translate between HTTP and use cases; hosts give them their adapters.',
    ),
    layer(
      'functions-wire',
      'functions',
      ['shared'],
      'Entry points of the cloud never import the command line.',
    ),
    layer(
      'cli-wires',
      'cli',
      ['shared'],
      'Entry points of a person never import the cloud functions.',
    ),
    layer(
      'infra-names-files',
      'infra',
      ['shared/contracts'],
      'Infrastructure names entry files by path and shares contracts only.',
    ),
    layer('layers-package-only', 'layers', [], 'A layer is packaging: no logic of ours.'),
    {
      name: 'only-adapters-touch-the-outside',
      severity: 'error',
      comment:
        'SDKs, files and native modules are reached through adapters, so that use cases stay testable.',
      from: { path: '^shared/(contracts|domain|ports|app|http)/', pathNot: '[.]test[.]ts$' },
      to: {
        path: '(^|/)(@aws-sdk|@aws-lambda-powertools|@smithy|lmdb|zstd-napi|aws-cdk-lib)(/|$)|^(node:)?(fs|fs/promises|child_process|net|http|https|module)$',
      },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      comment: 'What a test needs stays in tests; what the product needs is not a test.',
      from: { pathNot: '^(test|bench)/|[.]test[.]ts$' },
      to: { path: '^(test|bench)/|[.]test[.]ts$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle has no bottom to read from.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'An import that resolves to nothing breaks at run time.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|cdk[.]out|target)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
