import type { CheckpointContext } from '../../shared/app/checkpoint/context.ts';
import type { Workflow } from '../../shared/ports/workflow.ts';
import type { Session } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import type { Settings } from '../settings/settings.ts';

/** The use cases, wired to adapters. */
export interface Host {
  readonly settings: Settings;
  readonly context: CheckpointContext;
  /** The restore state machine; null where the settings name none. */
  readonly restoreWorkflow: Workflow | null;
  /** Waits for work in this process, then closes files and connections. */
  close(): Promise<void>;
}

/** Opens the host that the settings name, and closes it whatever happens. */
export async function withHost<Result>(
  session: Session,
  options: unknown,
  use: (host: Host) => Promise<Result>,
): Promise<Result> {
  const host = await openHost(session, readSettings(session, options));
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

export async function openHost(session: Session, settings: Settings): Promise<Host> {
  if (settings.host === 'one-machine') {
    const { openOneMachineHost } = await import('./one-machine-host.ts');
    return openOneMachineHost(session, settings);
  }
  const { openAwsHost } = await import('./aws-host.ts');
  return openAwsHost(session, settings);
}
