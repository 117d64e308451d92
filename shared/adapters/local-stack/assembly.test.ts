import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStackAssembly } from './assembly.ts';

const scope = { account: '123456789012', region: 'eu-west-1' };
let folder = '';
const write = (file: string, content: unknown) =>
  writeFileSync(join(folder, file), JSON.stringify(content));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mithril-assembly-'));
  write('manifest.json', {
    version: '55.0.0',
    artifacts: {
      'Mithril.assets': { type: 'cdk:asset-manifest', properties: { file: 'Mithril.assets.json' } },
      Mithril: {
        type: 'aws:cloudformation:stack',
        properties: { templateFile: 'Mithril.template.json', stackName: 'team-mithril' },
      },
      Tree: { type: 'cdk:tree' },
    },
  });
  write('Mithril.template.json', { Resources: { A: {}, B: {} } });
  const bucketName = 'assets-${AWS::AccountId}-${AWS::Region}';
  write('Mithril.assets.json', {
    files: {
      code: {
        source: { path: 'asset.1', packaging: 'zip' },
        destinations: { here: { bucketName, objectKey: '1.zip' } },
      },
      template: {
        source: { path: 'Mithril.template.json', packaging: 'file' },
        destinations: { here: { bucketName, objectKey: '2.json' } },
      },
    },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a stack is found by its name, with its assets where the account and region put them', () => {
  expect(readStackAssembly(folder, 'team-mithril', scope)).toMatchObject({
    resourceCount: 2,
    templateAsset: { path: join(folder, 'Mithril.template.json'), key: '2.json' },
    assets: [
      {
        path: join(folder, 'asset.1'),
        packaging: 'zip',
        bucket: 'assets-123456789012-eu-west-1',
        key: '1.zip',
      },
      { packaging: 'file', key: '2.json' },
    ],
  });
});

test('an unknown stack is refused with the names of those that are there', () => {
  const read = () => readStackAssembly(folder, 'Mithril', scope);
  expect(read).toThrow(expect.objectContaining({ code: 'bad-assembly' }));
  expect(read).toThrow('only: team-mithril');
});

test.each(['manifest.json', 'Mithril.template.json', 'Mithril.assets.json'])(
  'a missing or damaged %s is a fault of the assembly',
  (file) => {
    writeFileSync(join(folder, file), '{"artifacts"');
    const read = () => readStackAssembly(folder, 'team-mithril', scope);
    expect(read).toThrow(expect.objectContaining({ code: 'bad-assembly' }));
    rmSync(join(folder, file));
    expect(read).toThrow(expect.objectContaining({ code: 'bad-assembly' }));
  },
);
