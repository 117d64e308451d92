import { rm } from 'node:fs/promises';
import { stopLocalStack } from '../../shared/adapters/local-stack/local-stack.ts';
import { EXIT } from '../exit-code.ts';
import type { Command } from '../session.ts';
import { findProject } from './project.ts';

/** `mithril local down` */
export const down: Command = async (session) => {
  const project = findProject();
  const wasRunning = await stopLocalStack(project.localFolder);
  await rm(project.settingsPath, { force: true });
  const text = wasRunning ? 'The local stack has ended.' : 'No local stack was running.';
  session.terminal.result(text, { command: 'local down', wasRunning });
  return EXIT.ok;
};
