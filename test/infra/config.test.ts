import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, readConfig } from '../../infra/config.ts';
import { findNativeLayer, LayerError } from '../../infra/layer-folder.ts';

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'mithril-config-'));
const none = { environment: {}, context: {} };

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof LayerError) return error.message;
    throw error;
  }
  return 'nothing was refused';
}

describe('the configuration', () => {
  it('has defaults for all fields: our own bucket, checkpoints/, originals kept', () => {
    expect(readConfig({ ...none, directory: emptyFolder() })).toMatchObject({
      stackName: 'Mithril',
      source: { kind: 'own', prefixes: ['checkpoints/'] },
      segmentBytes: 67_108_864,
      batchSegments: 16,
      concurrency: { workers: 50, reserved: true },
      retire: null,
      reconcileHours: 24,
      logRetentionDays: 30,
    });
  });

  it('opts in nothing of an existing bucket until a prefix is named', () => {
    const { source } = parseConfig({ source: { kind: 'existing', bucketName: 'team-models' } });
    expect(source.prefixes).toEqual([]);
  });

  it('is read from mithril.config.json, which MITHRIL_STACK_CONFIG and then the context override', () => {
    const directory = emptyFolder();
    writeFileSync(join(directory, 'mithril.config.json'), '{"stackName":"File","batchSegments":8}');
    const file = { ...none, directory };
    expect(readConfig(file)).toMatchObject({ stackName: 'File', batchSegments: 8 });
    const environment = { MITHRIL_STACK_CONFIG: '{"stackName":"Inline"}' };
    expect(readConfig({ ...file, environment }).stackName).toBe('Inline');
    const context = { 'mithril:stackName': 'Context', 'mithril:retire': '{"graceHours":96}' };
    expect(readConfig({ ...file, context })).toMatchObject({
      stackName: 'Context',
      batchSegments: 8,
      retire: { graceHours: 96 },
    });
  });

  it('is read from the file that is named, and says so where there is none', () => {
    const directory = emptyFolder();
    const path = join(directory, 'team.json');
    const sources = { environment: { MITHRIL_STACK_CONFIG: path }, context: {}, directory };
    expect(messageOf(() => readConfig(sources))).toContain(`${path} does not exist`);
    writeFileSync(path, '{"stackName":"Team"}');
    expect(readConfig(sources).stackName).toBe('Team');
  });

  it('is the default for the local stack, whatever the team deploys', () => {
    expect(readConfig({ ...none, directory: null }).source.kind).toBe('own');
  });

  it('says which file is not JSON', () => {
    const directory = emptyFolder();
    writeFileSync(join(directory, 'mithril.config.json'), '{stackName}');
    const message = messageOf(() => readConfig({ ...none, directory }));
    expect(message).toMatch(/mithril\.config\.json is not a JSON object/u);
  });

  it.each([
    [{ source: { kind: 'existing' } }, 'source.bucketName', '"bucketName": "team-models"'],
    [{ source: { kind: 'own', prefixes: ['a/*'] } }, 'source.prefixes.0', 'must not hold *'],
    [{ source: { kind: 'own', prefixes: [] } }, 'source.prefixes', 'at least one prefix'],
    [{ source: { kind: 'own', prefixes: [''] } }, 'source.prefixes.0', 'a whole bucket cannot'],
    [{ source: { kind: 'own', prefixes: ['a/', 'a/b/'] } }, 'source.prefixes', 'overlapping'],
    [{ keyPattern: '(' }, 'keyPattern', 'not a regular expression'],
    [{ keyPattern: '^(?<run>.*)$' }, 'keyPattern', 'no group (?<step>...)'],
    [{ segmentBytes: 1_000_000 }, 'segmentBytes', '67108864 (64 MiB'],
    [{ concurrency: { workers: 0 } }, 'concurrency.workers', '"workers": 50'],
    [{ retire: { graceHours: 0 } }, 'retire.graceHours', '"graceHours": 72'],
    [{ kmsKeyArn: 'alias/team' }, 'kmsKeyArn', 'expected an ARN such as arn:aws:kms'],
    [{ permissionsBoundaryArn: 'team' }, 'permissionsBoundaryArn', 'arn:aws:iam::'],
    [{ logRetentionDays: 31 }, 'logRetentionDays', '"logRetentionDays": 30'],
    [{ stackName: 'my stack' }, 'stackName', 'letters, digits and hyphens'],
    [{ prefixes: ['a/'] }, 'top level', 'fields: stackName, source'],
  ])('refuses %j, naming %s and an example', (value, field, hint) => {
    const message = messageOf(() => parseConfig(value));
    expect(message).toContain(`  ${field}: `);
    expect(message).toContain(hint);
  });
});

describe('the native layer', () => {
  const layerOf = (root: string, name: string): void => {
    const folder = join(root, 'layers/native/dist/nodejs/node_modules/mithril-native');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), '');
  };

  it('must hold the arm64 build for a deploy: the command that builds it is named', () => {
    const root = emptyFolder();
    layerOf(root, `mithril-native.${process.platform}-${process.arch}.node`);
    const message = messageOf(() => findNativeLayer(root, 'deploy'));
    expect(message).toContain('mithril-native.linux-arm64.node');
    expect(message).toContain('npm run build:layers');
    layerOf(root, 'mithril-native.linux-arm64.node');
    expect(findNativeLayer(root, 'deploy')).toBe(join(root, 'layers/native/dist'));
  });

  it("needs this machine's build for the local stack, and no other", () => {
    const root = emptyFolder();
    expect(messageOf(() => findNativeLayer(root, 'local'))).toContain('build:layers -- host');
    layerOf(root, `mithril-native.${process.platform}-${process.arch}.node`);
    expect(findNativeLayer(root, 'local')).toBe(join(root, 'layers/native/dist'));
  });
});
