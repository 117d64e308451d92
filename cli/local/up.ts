import { z } from 'zod';
import { EXIT } from '../exit-code.ts';
import { parseOptions } from '../parse-options.ts';
import type { Command } from '../session.ts';
import { findProject } from './project.ts';
import { startDeployedStack } from './start.ts';

const PORT_MAX = 65_535;

const optionsSchema = z.object({
  port: z.coerce.number().int().min(1).max(PORT_MAX).optional(),
});

/** `mithril local up`: stays until `mithril local down`. */
export const up: Command = async (session, _args, given) => {
  const options = parseOptions(optionsSchema, given);
  const project = findProject();
  const { stack, deployment, settings } = await startDeployedStack(session, project, {
    lifetime: 'detached',
    onPart: (part) => session.terminal.note(`local stack: ${part} ...`),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  const bucket = settings.checkpoints?.source_bucket ?? 'BUCKET';
  const text = [
    `The local stack runs at ${stack.endpoint} (process ${stack.pid}).`,
    `Settings: ${project.settingsPath}`,
    '',
    `  export MITHRIL_CONFIG=${project.settingsPath}`,
    `  mithril ckpt status s3://${bucket}/`,
    '  mithril local down',
  ].join('\n');
  session.terminal.result(text, {
    command: 'local up',
    endpoint: stack.endpoint,
    pid: stack.pid,
    settings: project.settingsPath,
    outputs: deployment.outputs,
    startMs: stack.startMs,
    assetsMs: deployment.assetsMs,
    stackMs: deployment.stackMs,
  });
  return EXIT.ok;
};
