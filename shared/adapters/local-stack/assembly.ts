import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LocalStackError } from './local-stack-error.ts';

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});
const stackPropertiesSchema = z.object({
  templateFile: z.string(),
  stackName: z.string().optional(),
});
const assetManifestSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string(), packaging: z.enum(['file', 'zip']) }),
      destinations: z.record(
        z.string(),
        z.object({ bucketName: z.string(), objectKey: z.string() }),
      ),
    }),
  ),
});
const templateSchema = z.object({
  Resources: z.record(z.string(), z.unknown()),
});

export interface FileAsset {
  /** Absolute; a folder if `packaging` is "zip". */
  readonly path: string;
  readonly packaging: 'file' | 'zip';
  readonly bucket: string;
  /** Holds the asset's hash: what is there already has the same content. */
  readonly key: string;
}

export interface StackAssembly {
  readonly stackName: string;
  readonly templateBody: string;
  readonly resourceCount: number;
  /** The template is one of them: CloudFormation takes at most 51,200 bytes in a request. */
  readonly assets: readonly FileAsset[];
  readonly templateAsset: FileAsset;
}

/** Reads one stack out of what `cdk synth` wrote: its template and the assets that it needs. */
export function readStackAssembly(
  cdkOut: string,
  stackName: string,
  scope: { readonly account: string; readonly region: string },
): StackAssembly {
  const manifest = parse(manifestSchema, readText(cdkOut, 'manifest.json'), cdkOut);
  const stacks = Object.entries(manifest.artifacts).flatMap(([id, artifact]) => {
    if (artifact.type !== 'aws:cloudformation:stack') return [];
    const properties = stackPropertiesSchema.parse(artifact.properties);
    return [{ id, name: properties.stackName ?? id, templateFile: properties.templateFile }];
  });
  const stack = stacks.find((it) => it.name === stackName);
  if (stack === undefined) {
    const names = stacks.map((it) => it.name).join(', ');
    throw new LocalStackError('bad-assembly', cdkOut, `no stack ${stackName}, only: ${names}`);
  }
  const templateBody = readText(cdkOut, stack.templateFile);
  const template = parse(templateSchema, templateBody, stack.templateFile);
  const assets = readAssets(cdkOut, stack.id, scope);
  const templatePath = join(cdkOut, stack.templateFile);
  const templateAsset = assets.find((it) => it.path === templatePath);
  if (templateAsset === undefined) {
    throw new LocalStackError('bad-assembly', cdkOut, 'the template is not among the assets');
  }
  return {
    stackName,
    templateBody,
    resourceCount: Object.keys(template.Resources).length,
    assets,
    templateAsset,
  };
}

function readAssets(
  cdkOut: string,
  stackId: string,
  scope: { readonly account: string; readonly region: string },
): FileAsset[] {
  const file = `${stackId}.assets.json`;
  const { files } = parse(assetManifestSchema, readText(cdkOut, file), file);
  return Object.values(files).flatMap(({ source, destinations }) =>
    Object.values(destinations).map((destination) => ({
      path: join(cdkOut, source.path),
      packaging: source.packaging,
      bucket: fillPlaceholders(destination.bucketName, scope),
      key: fillPlaceholders(destination.objectKey, scope),
    })),
  );
}

/** Assets of a stack without a fixed account keep these placeholders (CDK: AssetManifest, placeholders). */
function fillPlaceholders(
  text: string,
  scope: { readonly account: string; readonly region: string },
): string {
  return text
    .replaceAll('${AWS::AccountId}', scope.account)
    .replaceAll('${AWS::Region}', scope.region)
    .replaceAll('${AWS::Partition}', 'aws');
}

function readText(cdkOut: string, file: string): string {
  try {
    return readFileSync(join(cdkOut, file), 'utf8');
  } catch (cause) {
    throw new LocalStackError('bad-assembly', cdkOut, `cannot read ${file}; was it synthesised?`, {
      cause,
    });
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, subject: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new LocalStackError('bad-assembly', subject, 'not an assembly that we know', { cause });
  }
}
