import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, readConfig } from '../../infra/config.ts';
import { findLayers, LayerError } from '../../infra/layer-folders.ts';

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

describe('the layers', () => {
  const HOST = `${process.platform}-${process.arch}`;
  const createAddons = (root: string, machine: string): void => {
    for (const [layer, addon] of [
      ['native', `mithril-native/mithril-native.${machine}.node`],
      ['dedup', `mithril-dedup/mithril-dedup.${machine}.node`],
      ['zstd', `zstd-napi/binding.${machine}.node`],
    ]) {
      const path = join(root, `layers/${layer}/dist/nodejs/node_modules/${addon}`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
    }
  };
  const foldersIn = (root: string) => ({
    native: join(root, 'layers/native/dist'),
    dedup: join(root, 'layers/dedup/dist'),
    zstd: join(root, 'layers/zstd/dist'),
  });

  it('must hold the arm64 builds for a deploy: the command that builds them is named', () => {
    const root = emptyFolder();
    createAddons(root, 'linux-x64');
    const message = messageOf(() => findLayers(root, 'deploy'));
    expect(message).toContain('mithril-native.linux-arm64.node');
    expect(message).toMatch(/npm run build:layers$/u);
    createAddons(root, 'linux-arm64');
    expect(findLayers(root, 'deploy')).toEqual(foldersIn(root));
  });

  it.each([
    ['native', 'mithril-native.linux-arm64.node'],
    ['dedup', 'mithril-dedup.linux-arm64.node'],
    ['zstd', 'binding.linux-arm64.node'],
  ])('are refused one by one: %s', (layer, addon) => {
    const root = emptyFolder();
    createAddons(root, 'linux-arm64');
    rmSync(join(root, 'layers', layer), { recursive: true });
    createAddons(root, 'linux-x64');
    expect(messageOf(() => findLayers(root, 'deploy'))).toContain(addon);
  });

  it("need this machine's builds for the local stack, and no others", () => {
    const root = emptyFolder();
    expect(messageOf(() => findLayers(root, 'local'))).toContain('build:layers -- host');
    createAddons(root, HOST);
    expect(findLayers(root, 'local')).toEqual(foldersIn(root));
  });
});
