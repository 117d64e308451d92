import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigError, readConfig } from './config.ts';
import { bundleFunctions } from './functions-bundle.ts';
import { findLayers, LayerError } from './layer-folders.ts';
import { CheckpointsStack } from './stacks/checkpoints-stack.ts';

const ROOT = join(import.meta.dirname, '..');

/** Makes the template and its assets. `-c mithril:local=true`: for the local stack. */
function synthesize(): void {
  const app = new App();
  const context: unknown = app.node.getAllContext();
  const isLocal = ['true', true].includes(app.node.tryGetContext('mithril:local'));
  // The local stack runs the defaults: what a team deploys may name buckets that are not there.
  const config = readConfig({
    environment: isLocal ? {} : process.env,
    context: typeof context === 'object' && context !== null ? { ...context } : {},
    directory: isLocal ? null : process.cwd(),
  });
  const layerFolders = findLayers(ROOT, isLocal ? 'local' : 'deploy');
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  // oxlint-disable-next-line no-new -- a stack registers itself in its app
  new CheckpointsStack(app, config.stackName, {
    config,
    stackName: config.stackName,
    description: 'Mithril: checkpoints compressed, verified and restorable',
    functionsFolder: bundleFunctions(ROOT, join(ROOT, 'dist', 'functions')),
    layerFolders,
  });
  app.synth();
}

try {
  synthesize();
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof LayerError)) throw error;
  process.stderr.write(`mithril: ${error.message}\n`);
  process.exitCode = 1;
}
