import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCheckpoint } from '../../shared/app/checkpoint/start-checkpoint.ts';
import type { ObjectVersion } from '../../shared/contracts/checkpoint-object.ts';
import { describeFailure, Interrupted } from '../cli-error.ts';
import type { Host } from '../hosts/host.ts';
import { SOURCE_BUCKET } from '../hosts/one-machine-paths.ts';
import { openHost } from '../hosts/open-host.ts';
import type { Project } from '../local/project.ts';
import type { Session } from '../session.ts';
import { readSettings, SETTINGS_NAME } from '../settings/read-settings.ts';
import { renderSettings } from '../settings/render-settings.ts';
import { mergeSettings, type Settings, type SettingsFile } from '../settings/settings.ts';
import { StageLines } from './stage-lines.ts';

export interface DemoHost {
  readonly kind: 'aws-local' | 'one-machine';
  readonly host: Host;
  readonly sourceBucket: string;
  /** The store stays for the next commands. */
  readonly isKept: boolean;
  /** What an S3 event does; on the local stack S3 sends it by itself. */
  readonly announce: (object: ObjectVersion) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The local stack; where it cannot run and was not asked for, the one-machine host instead. */
export async function openDemoHost(
  session: Session,
  project: Project,
  wanted: DemoHost['kind'] | null,
  isKept: boolean,
): Promise<DemoHost> {
  if (wanted === 'one-machine') return openOneMachine(session, project);
  try {
    return await openLocalStack(session, project, isKept);
  } catch (error) {
    if (wanted !== null || error instanceof Interrupted || session.interruption.signal.aborted) {
      throw error;
    }
    const { message, advice } = describeFailure(error);
    session.terminal.warn(`The local stack cannot run here: ${message}`);
    if (advice !== '') session.terminal.warn(advice);
    session.terminal.warn('Running the one-machine host instead (files and lmdb, no AWS).');
    return openOneMachine(session, project);
  }
}

async function openLocalStack(
  session: Session,
  project: Project,
  isKept: boolean,
): Promise<DemoHost> {
  const running = await findRunningStack(session, project);
  if (running !== null) return running;
  const { startDeployedStack } = await import('../local/start.ts');
  session.terminal.note('Local stack (MiniStack on loopback, the synthesised CDK template)');
  const lines = new StageLines(session);
  let isBegun = false;
  const onPart = (part: string): void => {
    if (isBegun) lines.end();
    lines.begin(part);
    isBegun = true;
  };
  try {
    const lifetime = isKept ? 'detached' : 'owner';
    const { stack, settings } = await startDeployedStack(session, project, { lifetime, onPart });
    lines.end();
    const merged = mergeSettings([{ origin: project.settingsPath, values: settings }]);
    return await localStackHost(session, merged, isKept ? null : stack.stop);
  } finally {
    lines.abandon();
  }
}

/** A stack that `mithril local up` started is used as it is, and left running. */
async function findRunningStack(session: Session, project: Project): Promise<DemoHost | null> {
  const { readLocalStackStatus } = await import('../../shared/adapters/local-stack/local-stack.ts');
  const status = await readLocalStackStatus(project.localFolder);
  if (status.kind !== 'running' || !existsSync(project.settingsPath)) return null;
  session.terminal.note(`Local stack: already running at ${status.record.endpoint}`);
  const { cwd } = session;
  return localStackHost(
    session,
    readSettings({ cwd, env: {} }, { config: project.settingsPath }),
    null,
  );
}

async function localStackHost(
  session: Session,
  settings: Settings,
  stop: (() => Promise<void>) | null,
): Promise<DemoHost> {
  const host = await openHost(session, settings);
  return {
    kind: 'aws-local',
    host,
    sourceBucket: host.context.settings.sourceBucket,
    isKept: stop === null,
    announce: () => Promise.resolve(),
    close: async () => {
      await host.close();
      await stop?.();
    },
  };
}

async function openOneMachine(session: Session, project: Project): Promise<DemoHost> {
  await rm(project.oneMachineFolder, { recursive: true, force: true });
  const values: SettingsFile = {
    host: 'one-machine',
    folder: '.',
    checkpoints: { source_bucket: SOURCE_BUCKET, source_prefixes: ['checkpoints/'] },
  };
  const config = join(project.oneMachineFolder, SETTINGS_NAME);
  await mkdir(project.oneMachineFolder, { recursive: true });
  await writeFile(config, renderSettings(values, 'mithril local demo --host one-machine'));
  const settings = readSettings({ cwd: session.cwd, env: {} }, { config });
  const host = await openHost(session, settings);
  return {
    kind: 'one-machine',
    host,
    sourceBucket: SOURCE_BUCKET,
    isKept: true,
    announce: async ({ bucket, key, versionId }) => {
      await startCheckpoint(host.context, { bucket, key, versionId });
    },
    close: () => host.close(),
  };
}
