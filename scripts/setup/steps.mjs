// Every step of set-up, in the order in which they run, and the groups that commands ask for.
// A step is { name, title, needs, staleBecause() -> reason | null, run({ line }) }.
import { cliBundle } from './cli-bundle.mjs';
import { clientsDebian, clientsNode, clientsPython } from './clients/steps.mjs';
import { hostLayers } from './host-layers.mjs';
import { localStack } from './local-stack.mjs';
import { nativeCodec, nativeDedup } from './native-bindings.mjs';
import { nodeModules } from './node-modules.mjs';
import { prerequisites } from './prerequisites.mjs';
import { pythonMl } from './python-ml.mjs';
import { pythonPackage } from './python-package.mjs';
import { zstdBinding } from './zstd-binding.mjs';

export const STEPS = [
  prerequisites,
  nodeModules,
  zstdBinding,
  nativeCodec,
  nativeDedup,
  hostLayers,
  cliBundle,
  pythonPackage,
  localStack,
  pythonMl,
  clientsPython,
  clientsNode,
  clientsDebian,
];

export const GROUPS = {
  start: ['cli', 'layers', 'ministack'],
  test: ['cli', 'layers', 'python', 'ministack'],
  clients: ['test', 'python-ml', 'client-programs'],
  'client-programs': ['clients-python', 'clients-node', 'clients-debian'],
  native: ['codec', 'dedup', 'zstd'],
};
