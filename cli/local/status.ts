import { readLocalStackStatus } from '../../shared/adapters/local-stack/local-stack.ts';
import { EXIT } from '../exit-code.ts';
import type { Command } from '../session.ts';
import { findProject } from './project.ts';

/** `mithril local status`: exit code 0 when it answers. */
export const status: Command = async (session) => {
  const project = findProject();
  const found = await readLocalStackStatus(project.localFolder);
  if (found.kind === 'stopped') {
    session.terminal.result('The local stack does not run. Start it: mithril local up', {
      command: 'local status',
      kind: found.kind,
    });
    return EXIT.failure;
  }
  const { endpoint, pid, startedAt } = found.record;
  const how = found.kind === 'running' ? 'runs' : 'does not answer';
  const text = [
    `The local stack ${how} at ${endpoint} (process ${pid}, since ${startedAt}).`,
    `Settings: ${project.settingsPath}`,
  ].join('\n');
  session.terminal.result(text, {
    command: 'local status',
    kind: found.kind,
    endpoint,
    pid,
    startedAt,
    settings: project.settingsPath,
  });
  return found.kind === 'running' ? EXIT.ok : EXIT.failure;
};
