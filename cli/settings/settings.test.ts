import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsFromOutputs } from './from-outputs.ts';
import { readSettings } from './read-settings.ts';
import { renderSettings } from './render-settings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mithril-settings-'));
  await mkdir(join(folder, 'config', 'mithril'), { recursive: true });
  await mkdir(join(folder, 'project', 'deep'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
const read = (env: Record<string, string> = {}, options: object = {}) =>
  readSettings(
    {
      cwd: join(folder, 'project', 'deep'),
      env: { XDG_CONFIG_HOME: join(folder, 'config'), ...env },
    },
    options,
  );

describe('settings', () => {
  it('come from flags, then the environment, then the project, then the user', async () => {
    await write(
      'config/mithril/mithril.toml',
      'region = "user"\nprofile = "user"\nendpoint_url = "http://user"\nstack = "user"\n',
    );
    await write(
      'project/mithril.toml',
      'region = "project"\nprofile = "project"\nendpoint_url = "http://project"\n',
    );
    const env = { MITHRIL_REGION: 'env', MITHRIL_PROFILE: 'env' };
    expect(read(env, { region: 'flag' })).toMatchObject({
      region: 'flag',
      profile: 'env',
      endpointUrl: 'http://project',
      stack: 'user',
    });
  });

  it('do not come from empty variables', async () => {
    await write('project/mithril.toml', 'region = "project"\n');
    const env = { MITHRIL_CONFIG: '', MITHRIL_REGION: '', XDG_CONFIG_HOME: '' };
    expect(read(env)).toMatchObject({ region: 'project' });
  });

  it('merge the fields of a table one by one', async () => {
    await write(
      'config/mithril/mithril.toml',
      '[checkpoints]\ntable = "t"\nstore_bucket = "user"\n',
    );
    await write('project/mithril.toml', '[checkpoints]\nstore_bucket = "project"\n');
    expect(read({ MITHRIL_SOURCE_BUCKET: 's' })).toMatchObject({
      table: 't',
      storeBucket: 'project',
      sourceBucket: 's',
    });
  });

  it('name the file and the field that is wrong', async () => {
    await write('project/mithril.toml', '[checkpoints]\nstore_buket = "x"\n');
    expect(() => read()).toThrow(/mithril\.toml[\s\S]*store_buket/u);
    await write('project/mithril.toml', 'region = \n');
    expect(() => read()).toThrow(/mithril\.toml/u);
    expect(() => read({}, { config: '/nonexistent.toml' })).toThrow(/does not exist/u);
  });

  it('survive being written and read', async () => {
    const outputs = {
      Region: 'eu-west-1',
      SourceBucket: 'source',
      SourcePrefixes: '["checkpoints/"]',
      KeyPattern: '^(?<run>.*)step-(?<step>[0-9]+)(?<name>.*)$',
      StoreBucket: 'store',
      Table: 'table',
      CheckpointStateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:a',
      RestoreStateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:b',
      DedupStateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:c',
      ReconcileFunction: 'f',
      ConfigCommand: '-',
      StatusCommand: '-',
      TryCommand: '-',
      DashboardUrl: '-',
      CheckpointConsoleUrl: '-',
      RestoreConsoleUrl: '-',
      DedupConsoleUrl: '-',
    };
    await write(
      'project/mithril.toml',
      renderSettings(settingsFromOutputs('Team', outputs), 'test'),
    );
    expect(read()).toMatchObject({
      host: 'aws',
      region: 'eu-west-1',
      stack: 'Team',
      sourceBucket: 'source',
      sourcePrefixes: ['checkpoints/'],
      storeBucket: 'store',
      table: 'table',
      keyPattern: outputs.KeyPattern,
      stateMachineArn: outputs.CheckpointStateMachineArn,
      restoreStateMachineArn: outputs.RestoreStateMachineArn,
      dedupStateMachineArn: outputs.DedupStateMachineArn,
    });
    expect(() => settingsFromOutputs('Other', { Bucket: 'x' })).toThrow(/Other lacks outputs/u);
  });
});
