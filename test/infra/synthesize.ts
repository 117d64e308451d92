import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { z } from 'zod';
import { parseConfig } from '../../infra/config.ts';
import type { MithrilConfigInput } from '../../infra/config-schema.ts';
import { functionNames } from '../../infra/functions-bundle.ts';
import { CheckpointsStack } from '../../infra/stacks/checkpoints-stack.ts';

/** CDK's own template check takes 8 s of CPU; `cdk synth` runs it, once. */
process.env['CDK_VALIDATION'] = 'false';

export const ROOT = join(import.meta.dirname, '..', '..');

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
});
const templateSchema = z.object({
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
  Parameters: z.record(z.string(), z.object({ Default: z.unknown() }).loose()),
});
export type Resource = z.infer<typeof resourceSchema>;
export type StackTemplate = z.infer<typeof templateSchema>;

/** The template of a configuration; the assets are stand-ins, so that nothing is bundled. */
export function synthesize(config: MithrilConfigInput = {}): {
  readonly template: StackTemplate;
  readonly stack: CheckpointsStack;
} {
  const folder = mkdtempSync(join(tmpdir(), 'mithril-infra-'));
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
  const parsed = parseConfig(config);
  const stack = new CheckpointsStack(app, parsed.stackName, {
    config: parsed,
    ...createStandIns(folder),
  });
  const { template } = app.synth().getStackByName(parsed.stackName);
  return { template: templateSchema.parse(template), stack };
}

function createStandIns(folder: string) {
  const functionsFolder = join(folder, 'functions');
  for (const name of functionNames(ROOT)) {
    mkdirSync(join(functionsFolder, name), { recursive: true });
    writeFileSync(join(functionsFolder, name, 'index.mjs'), `// ${name}\n`);
  }
  return {
    functionsFolder,
    layerFolders: {
      native: createLayer(folder, 'native'),
      dedup: createLayer(folder, 'dedup'),
      zstd: createLayer(folder, 'zstd'),
    },
  };
}

function createLayer(folder: string, name: string): string {
  const layer = join(folder, name);
  mkdirSync(layer);
  writeFileSync(join(layer, 'module.node'), `stand-in of ${name}`);
  return layer;
}

export const resourcesOf = (template: StackTemplate, type: string): readonly Resource[] =>
  Object.values(template.Resources).filter((resource) => resource.Type === type);

/**
 * A resolved value as text: `Ref` and `Fn::GetAtt` in angle brackets, joins joined. Logical ids
 * lose CDK's hash, so that texts can be compared by eye.
 */
export function asText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [kind, content] = Object.entries(value)[0] ?? ['', ''];
  if (kind === 'Ref') return `<${plainId(String(content))}>`;
  if (kind === 'Fn::GetAtt' && Array.isArray(content)) {
    return `<${plainId(String(content[0]))}.${String(content[1])}>`;
  }
  if (kind === 'Fn::Join' && Array.isArray(content)) {
    const [separator, items] = content;
    return Array.isArray(items) ? items.map(asText).join(String(separator)) : '';
  }
  // The branch of the defaults: what the configuration says.
  if (kind === 'Fn::If' && Array.isArray(content)) return asText(content[1]);
  if (kind === 'Fn::Sub') return String(content);
  return JSON.stringify(value);
}

const plainId = (id: string): string =>
  id.replace(/[0-9A-F]{8}$/u, '').replace(/^Checkpoints/u, '');
