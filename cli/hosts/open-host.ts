import type { Session } from '../session.ts';
import { readSettings } from '../settings/read-settings.ts';
import type { Settings } from '../settings/settings.ts';
import type { Host } from './host.ts';

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
