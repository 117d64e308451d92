import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import {
  type Deployment,
  deployAssembly,
} from '../../shared/adapters/local-stack/deploy-assembly.ts';
import {
  type LocalStack,
  readLocalStackStatus,
  startLocalStack,
} from '../../shared/adapters/local-stack/local-stack.ts';
import { LOCAL_REGION } from '../../shared/adapters/local-stack/ministack-environment.ts';
import { CliError } from '../cli-error.ts';
import type { Session } from '../session.ts';
import { settingsFromOutputs } from '../settings/from-outputs.ts';
import { renderSettings } from '../settings/render-settings.ts';
import type { SettingsFile } from '../settings/settings.ts';
import { findMiniStackPython } from './ministack.ts';
import type { Project } from './project.ts';
import { synthesise } from './synthesise.ts';

export const STACK_NAME = 'Mithril';

export interface LocalStart {
  readonly lifetime: 'owner' | 'detached';
  readonly port?: number;
  /** Called when a part begins, with what it does. */
  readonly onPart: (part: string) => void;
}

export interface DeployedStack {
  readonly stack: LocalStack;
  readonly deployment: Deployment;
  readonly settings: SettingsFile;
}

/** Starts MiniStack, synthesises the template where it changed, and deploys it. */
export async function startDeployedStack(
  session: Session,
  project: Project,
  start: LocalStart,
): Promise<DeployedStack> {
  const { signal } = session.interruption;
  const detail = (line: string): void => session.terminal.detail(line);
  const running = await readLocalStackStatus(project.localFolder);
  if (running.kind !== 'stopped') {
    throw new CliError(`a local stack runs already at ${running.record.endpoint}`, {
      advice: 'End it with: mithril local down',
    });
  }
  start.onPart('synthesise the template');
  const assembly = await synthesise(project, process.env, signal, detail);
  start.onPart('start MiniStack');
  const stack = await startLocalStack({
    python: await findMiniStackPython(project, detail),
    dataDir: project.localFolder,
    lifetime: start.lifetime,
    onLog: detail,
    ...(start.port === undefined ? {} : { port: start.port }),
  });
  try {
    signal.throwIfAborted();
    start.onPart('deploy the template');
    const deployment = await deployAssembly({
      endpoint: stack.endpoint,
      cdkOut: assembly.folder,
      stackName: STACK_NAME,
      // Each worker is a process on this machine; more than cores only cost memory.
      parameters: { Workers: String(availableParallelism()) },
    });
    const settings = localSettings(stack, deployment);
    await writeLocalSettings(project, settings);
    return { stack, deployment, settings };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function localSettings(stack: LocalStack, deployment: Deployment): SettingsFile {
  const { cache, ...settings } = settingsFromOutputs(STACK_NAME, deployment.outputs);
  const url = cache?.url === undefined ? null : localFunctionUrl(stack.endpoint, cache.url);
  return {
    ...settings,
    region: LOCAL_REGION,
    endpoint_url: stack.endpoint,
    local_credentials: true,
    ...(url === null ? {} : { cache: { ...cache, url } }),
  };
}

/** The host name of a function URL is AWS's; MiniStack serves the same function under a path. */
function localFunctionUrl(endpoint: string, url: string): string {
  return `${endpoint}/_aws/lambda-url/${new URL(url).hostname.split('.')[0]}`;
}

async function writeLocalSettings(project: Project, settings: SettingsFile): Promise<void> {
  await mkdir(project.localFolder, { recursive: true });
  await writeFile(project.settingsPath, renderSettings(settings, 'mithril local up'));
}
