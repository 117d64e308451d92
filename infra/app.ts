import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readConfig } from './config.ts';
import { bundleFunctions } from './functions-bundle.ts';
import { findNativeLayer } from './layer-folder.ts';
import { CheckpointsStack } from './stacks/checkpoints-stack.ts';

/** Makes the template and its assets. `-c mithril:local=true`: for the local stack. */
const ROOT = join(import.meta.dirname, '..');
const app = new App();
const context: unknown = app.node.getAllContext();
const isLocal = ['true', true].includes(app.node.tryGetContext('mithril:local'));
const config = readConfig({
  environment: process.env,
  context: typeof context === 'object' && context !== null ? { ...context } : {},
  directory: process.cwd(),
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
// oxlint-disable-next-line no-new -- a stack registers itself in its app
new CheckpointsStack(app, config.stackName, {
  config,
  stackName: config.stackName,
  description: 'Mithril: checkpoints compressed, verified and restorable',
  functionsFolder: bundleFunctions(ROOT, join(ROOT, 'dist', 'functions')),
  nativeLayerFolder: findNativeLayer(ROOT, isLocal ? 'local' : 'deploy'),
});
app.synth();
